/** Names and oids of catalog objects as the reg* types read and print them, in a session (catalog/reg-names.ts). */
import { type NameSource, regNames } from '../catalog/reg-names.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import { type Expression, parseExpression, parseTypeName } from '../parser/index.ts';
import { bindScalar, type PlannerEnvironment } from '../planner/index.ts';
import { SqlError, sqlError } from '../types/errors.ts';
import type { CatalogNames } from '../types/index.ts';
import type { Session } from './session.ts';

export function catalogNames(session: Session): CatalogNames {
  return regNames(
    (): NameSource => ({
      catalog: session.catalog,
      shared: session.sharedCatalog,
      searchPath: session.searchPath(true),
      parseType: (text) => typeOf(text, session.environment(session.catalog, [])),
      checkSchema: session.checkSchema,
    }),
  );
}

/** The same for stored expressions, which are bound without a session. */
export function storedNames(shared: SharedCatalog, environment: () => PlannerEnvironment): CatalogNames {
  return regNames((): NameSource => {
    const { catalog, searchPath } = environment();
    return { catalog, shared, searchPath, parseType: (text) => typeOf(text, environment()) };
  });
}

const NULL = parseExpression('NULL');

function typeOf(text: string, environment: PlannerEnvironment): number {
  try {
    const type = /[^ \t\n\r\f\v]/.test(text) ? parseTypeName(text) : null;
    if (type === null || type.setOf) throw sqlError('42601', `invalid type name "${text}"`);
    const cast: Expression = { kind: 'cast', arg: NULL, type, form: 'cast', position: 0 };
    return bindScalar(cast, null, environment, { source: 'value' }).typeOid;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // A position in the name is none in the statement.
    const { position: _, ...fields } = error.fields;
    throw sqlError(error.code, error.message, fields);
  }
}
