/** How user-made functions are shown: pg_get_functiondef and its kin (after print_function_arguments of ruleutils.c). */
import { type FormatSettings, formatType } from '../../types/index.ts';
import type { Catalog } from '../catalog.ts';
import type { RoutineEntry, RoutineParameter } from '../entries.ts';
import { shownText } from '../kept-types.ts';
import { typeDisplayName } from '../pg-catalog/definitions.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';
import { inputsOf, isInput } from './user-routines.ts';

/** Settings whose value is a list of names: each is quoted by itself. */
const NAME_LISTS = new Set(['search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries']);

export class RoutinePrinter {
  readonly #catalog: Catalog;
  readonly #searchPath: readonly string[];
  readonly #format: FormatSettings;
  readonly #printedBody: (body: string) => string;

  constructor(
    catalog: Catalog,
    searchPath: readonly string[],
    format: FormatSettings,
    printedBody: (body: string) => string = (body) => body,
  ) {
    this.#catalog = catalog;
    this.#searchPath = searchPath;
    this.#format = format;
    this.#printedBody = printedBody;
  }

  type(oid: number): string {
    return typeDisplayName(this.#catalog, oid, this.#searchPath, (type) => formatType(type));
  }

  arguments(routine: RoutineEntry, withDefaults: boolean): string {
    const parts = routine.parameters
      .filter((parameter) => parameter.mode !== 'table')
      .map((parameter) => this.#parameter(routine, parameter, withDefaults));
    const { aggregate } = routine;
    if (aggregate === undefined || aggregate.kind === 'normal') return parts.join(', ');
    const direct = parts.slice(0, aggregate.directCount);
    // VARIADIC of both kinds is there once.
    const aggregated = direct.length < parts.length ? parts.slice(direct.length) : parts.slice(-1);
    return `${direct.length === 0 ? '' : `${direct.join(', ')} `}ORDER BY ${aggregated.join(', ')}`;
  }

  #parameter(routine: RoutineEntry, parameter: RoutineParameter, withDefaults: boolean): string {
    const name = parameter.name === '' ? '' : `${quoteIdentifier(parameter.name)} `;
    const text = `${modeWord(routine, parameter)}${name}${this.type(parameter.typeOid)}`;
    if (!withDefaults || parameter.defaultText === null) return text;
    return `${text} DEFAULT ${this.shown(parameter.defaultText)}`;
  }

  /** Null: a procedure has none. */
  result(routine: RoutineEntry): string | null {
    if (routine.kind === 'procedure') return null;
    const columns = routine.parameters.filter((parameter) => parameter.mode === 'table');
    if (columns.length > 0) {
      const parts = columns.map(({ name, typeOid }) => `${quoteIdentifier(name)} ${this.type(typeOid)}`);
      return `TABLE(${parts.join(', ')})`;
    }
    return `${routine.returnsSet ? 'SETOF ' : ''}${this.type(routine.returnTypeOid)}`;
  }

  /** DEFAULT of the nth parameter that goes in, from 1; null: it has none. */
  defaultAt(routine: RoutineEntry, position: number): string | null {
    const parameter = routine.parameters[position - 1];
    if (parameter === undefined || !isInput(parameter) || parameter.defaultText === null) return null;
    return this.shown(parameter.defaultText);
  }

  shown(text: string): string {
    return shownText(this.#catalog, text, this.#searchPath, this.#format);
  }

  definition(routine: RoutineEntry): string {
    const schema = quoteIdentifier(this.#catalog.schemaName(routine.schemaOid));
    const name = `${schema}.${quoteIdentifier(routine.name)}`;
    const lines = [`CREATE OR REPLACE ${routine.kind.toUpperCase()} ${name}(${this.arguments(routine, true)})`];
    const result = this.result(routine);
    if (result !== null) lines.push(` RETURNS ${result}`);
    lines.push(` LANGUAGE ${routine.language}`);
    const options = optionWords(routine);
    if (options !== '') lines.push(options);
    for (const setting of routine.settings) lines.push(` SET ${settingText(setting)}`);
    lines.push(this.#body(routine));
    return `${lines.join('\n')}\n`;
  }

  /** RETURN or BEGIN ATOMIC. */
  sqlBody(body: string): string {
    return this.shown(this.#printedBody(body));
  }

  #body(routine: RoutineEntry): string {
    if (routine.shownBody !== undefined) return this.sqlBody(routine.shownBody);
    let mark: string = routine.kind;
    while (routine.bodyText.includes(`$${mark}`)) mark += 'x';
    return `AS $${mark}$${routine.bodyText}$${mark}$`;
  }
}

function modeWord(routine: RoutineEntry, { mode }: RoutineParameter): string {
  switch (mode) {
    case 'in':
      return routine.kind === 'procedure' ? 'IN ' : '';
    case 'out':
      return 'OUT ';
    case 'inout':
      return 'INOUT ';
    case 'variadic':
      return 'VARIADIC ';
    case 'table':
      return '';
  }
}

/** Costs that need no saying. */
const COST_DEFAULT = 100;
const ROWS_DEFAULT = 1000;

function optionWords(routine: RoutineEntry): string {
  const words: string[] = [];
  if (routine.volatility !== 'volatile') words.push(routine.volatility.toUpperCase());
  if (routine.parallel !== 'unsafe') words.push(`PARALLEL ${routine.parallel.toUpperCase()}`);
  if (routine.strict) words.push('STRICT');
  if (routine.securityDefiner) words.push('SECURITY DEFINER');
  if (routine.leakproof) words.push('LEAKPROOF');
  if (routine.cost !== COST_DEFAULT) words.push(`COST ${routine.cost}`);
  if (routine.rows !== 0 && routine.rows !== ROWS_DEFAULT) words.push(`ROWS ${routine.rows}`);
  return words.map((word) => ` ${word}`).join('');
}

function settingText(setting: string): string {
  const at = setting.indexOf('=');
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  if (!NAME_LISTS.has(name)) return `${quoteIdentifier(name)} TO ${quoteLiteral(value)}`;
  const names = value === '' ? [''] : value.split(',').map((part) => part.trim().replace(/^"(.*)"$/, '$1'));
  return `${quoteIdentifier(name)} TO ${names.map((part) => quoteLiteral(part)).join(', ')}`;
}

/** name(type,type) as regprocedure has it. */
export function routineRegName(printer: RoutinePrinter, label: string, routine: RoutineEntry): string {
  return `${label}(${inputsOf(routine)
    .map(({ typeOid }) => printer.type(typeOid))
    .join(',')})`;
}
