/** Names and oids of catalog objects as the reg* types read and print them, in a session (catalog/reg-names.ts). */
import { type NameSource, regNames } from '../catalog/reg-names.ts';
import { parseExpression } from '../parser/index.ts';
import { bindScalar } from '../planner/index.ts';
import { SqlError } from '../types/errors.ts';
import type { CatalogNames } from '../types/index.ts';
import type { Session } from './session.ts';

export function catalogNames(session: Session): CatalogNames {
  return regNames(
    (): NameSource => ({
      catalog: session.catalog,
      shared: session.sharedCatalog,
      searchPath: session.searchPath(true),
      parseType(text) {
        const environment = session.environment(session.catalog, []);
        try {
          return bindScalar(parseExpression(`NULL::${text}`), null, environment, { source: 'value' }).typeOid;
        } catch (error) {
          // A position in the name is none in the statement.
          throw error instanceof SqlError ? error.with({ position: undefined }) : error;
        }
      },
    }),
  );
}
