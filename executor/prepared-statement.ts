/**
 * Prepared statements and their plans. A plan is made for a catalog version and a search path; when either differs at its next
 * use it is made again.
 */
import type { Catalog } from '../catalog/index.ts';
import type { Statement, StatementNode } from '../parser/ast.ts';
import { type PlannedStatement, type PlannerEnvironment, planStatement } from '../planner/index.ts';
import { sqlError } from '../types/errors.ts';
import { baseTypeOid, typeByOid } from '../types/index.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import { Program } from './program.ts';
import type { ResultEncoder } from './result-encoder.ts';
import type { FieldDescription } from './session-api.ts';

/** Statements that the planner plans; all others are utilities. */
export function isPlanned(node: StatementNode): boolean {
  switch (node.kind) {
    case 'query':
      return (
        !('into' in node.body) ||
        (node.body as { into?: unknown }).into === null ||
        (node.body as { into?: unknown }).into === undefined
      );
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return true;
    default:
      return false;
  }
}

/** What a plan depends on beside the statement. */
export interface PlanningSession {
  readonly database: DatabaseRuntime;
  readonly catalog: Catalog;
  /** Search path and settings that binding reads; changes when they do. */
  readonly bindingVersion: string;
  environment(catalog: Catalog, parameterTypes: readonly number[]): PlannerEnvironment;
}

export class PreparedStatement {
  readonly text: string;
  /** null: an empty statement. */
  readonly statement: Statement | null;
  /** As declared by the client; 0 = to be inferred. */
  readonly declaredTypes: readonly number[];
  parameterTypes: readonly number[];
  #program: Program | null = null;
  #bindingVersion = '';
  fields: readonly FieldDescription[] | null = null;

  /** `$n` beyond the declared types is an error: there is no Bind that could give it a value. */
  readonly hasFixedParameters: boolean;

  constructor(text: string, statement: Statement | null, declaredTypes: readonly number[], hasFixedParameters = false) {
    this.hasFixedParameters = hasFixedParameters;
    this.text = text;
    this.statement = statement;
    this.declaredTypes = declaredTypes;
    this.parameterTypes = declaredTypes;
  }

  /** Result encoders by formats: made once, used by all portals of the statement. */
  memoEncoder(formats: readonly number[], make: () => ResultEncoder): ResultEncoder {
    const key = formats.join(',');
    let encoder = this.#encoders.get(key);
    if (encoder === undefined) {
      encoder = make();
      this.#encoders.set(key, encoder);
    }
    return encoder;
  }

  readonly #encoders = new Map<string, ResultEncoder>();

  get node(): StatementNode | null {
    return this.statement?.node ?? null;
  }

  /** The plan serves all texts of the same shape. */
  get isShareable(): boolean {
    return this.#program?.statement.shareable === true;
  }

  get isPlanned(): boolean {
    return this.statement !== null && isPlanned(this.statement.node);
  }

  /** The program for the session's catalog. A result that changed its shape is refused, as PostgreSQL does (0A000). */
  program(session: PlanningSession): Program {
    const { catalog } = session;
    const known = this.#program;
    if (known !== null && known.catalog.version === catalog.version && this.#bindingVersion === session.bindingVersion)
      return known;
    const environment = session.environment(catalog, this.parameterTypes);
    const planned = planStatement(this.statement as Statement, {
      ...environment,
      text: this.text,
      fixedParameters: this.hasFixedParameters,
    });
    const fields = fieldsOf(planned);
    if (known !== null && !sameFields(this.fields, fields))
      throw sqlError('0A000', 'cached plan must not change result type');
    this.fields = fields;
    this.parameterTypes = planned.parameterTypes;
    this.#program = new Program(planned, session.database, catalog);
    this.#bindingVersion = session.bindingVersion;
    return this.#program;
  }
}

function fieldsOf(planned: PlannedStatement): FieldDescription[] | null {
  const { plan } = planned;
  if (planned.command !== 'select' && plan.output.length === 0) return null;
  return plan.output.map((column) => {
    // Clients are told of the type under a domain, as PostgreSQL does.
    const type = typeByOid(column.typeOid);
    const isDomain = type?.kind === 'd';
    const typeOid = isDomain ? baseTypeOid(column.typeOid) : column.typeOid;
    return {
      name: column.name,
      tableOid: column.tableOid,
      columnNumber: column.columnNumber,
      typeOid,
      typeLength: typeByOid(typeOid)?.length ?? -1,
      typeModifier: isDomain ? (type.baseTypmod ?? -1) : column.typeModifier,
    };
  });
}

function sameFields(a: readonly FieldDescription[] | null, b: readonly FieldDescription[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((f, i) => f.typeOid === b[i].typeOid && f.name === b[i].name);
}
