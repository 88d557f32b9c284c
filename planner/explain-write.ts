/** EXPLAIN: described nodes with their figures, as lines of text or as a document (explain-format.ts). */
import type { FormatSettings } from '../types/index.ts';
import { type ExplainDocument, type ExplainValue, Fixed } from './explain-format.ts';
import type { Plan, PostingExpr } from './plan.ts';

export interface ExplainOptions {
  readonly costs: boolean;
  readonly verbose: boolean;
  /** Print actual rows and loops (from instrumentation). */
  readonly analyze: boolean;
  readonly timing: boolean;
  readonly buffers: boolean;
  readonly wal?: boolean;
  /** How constants are printed (DateStyle ...). */
  readonly format?: FormatSettings;
  /** Values of another text of the same shape, in place of the literals that the plan was made for; undefined: as they are. */
  literal?(index: number, typeOid: number, typeModifier: number): unknown;
}

/** Pages that a node and what is below it looked up, in memory or read for it; made dirty; written because a frame was needed. */
export interface BufferUsage {
  readonly hit: number;
  readonly read: number;
  readonly dirtied: number;
  readonly written: number;
}

export interface WalUsage {
  readonly records: number;
  readonly images: number;
  readonly bytes: number;
}

/** What the executor counted for one node. */
export interface NodeInstrumentation {
  readonly loops: number;
  /** Rows out over all loops. */
  readonly rows: number;
  readonly startupMs: number;
  readonly totalMs: number;
  readonly rowsRemovedByFilter?: number;
  readonly rowsRemovedByJoinFilter?: number;
  readonly buffers?: BufferUsage;
  readonly wal?: WalUsage;
  /** Further lines such as `Sort Method: quicksort  Memory: 25kB` (a hash join's are its Hash node's), and fields of documents. */
  readonly extra?: readonly string[];
  readonly extraFields?: Readonly<Record<string, ExplainValue>>;
  readonly postings?: PostingFigures | undefined;
}

/** What posting lists a condition of a posting scan has read; of AND and OR over them: how many row ids were left. */
export type PostingFigures = Map<
  PostingExpr,
  | number
  | {
      readonly lists: number;
      readonly rows: number;
      readonly arrays: number;
      readonly bitmaps: number;
      readonly runs: number;
    }
>;
export type PlanInstrumentation = (node: Plan) => NodeInstrumentation | null;

/** One node as shown. */
export interface Shown {
  /** First line without figures: `Seq Scan on t`. */
  readonly label: string;
  /** The structured formats' own fields: Node Type, Relation Name ... */
  readonly fields: Readonly<Record<string, ExplainValue>>;
  /** `Filter`, `Sort Key` ...; lists are joined with commas in TEXT. */
  readonly details: readonly (readonly [name: string, value: string | readonly string[]])[];
  readonly plan: Plan | null;
  /** Of a Hash node: the join that it belongs to. */
  readonly hashOf?: Plan;
  /** Of a node below a posting scan: that scan, and which of its lists. */
  readonly postings?: { readonly scan: Plan; readonly expr: PostingExpr };
  readonly children: readonly { readonly relationship: string; readonly title: string | null; readonly node: Shown }[];
}

export const NO_BUFFERS: BufferUsage = { hit: 0, read: 0, dirtied: 0, written: 0 };
const NO_WAL: WalUsage = { records: 0, images: 0, bytes: 0 };

export function textOf(shown: Shown, options: ExplainOptions, instrumentation: PlanInstrumentation): string[] {
  const lines: string[] = [];
  writeText(shown, 0, true, options, instrumentation, lines);
  return lines;
}

export function documentOf(
  shown: Shown,
  options: ExplainOptions,
  instrumentation: PlanInstrumentation,
): ExplainDocument {
  return toDocument(shown, null, null, options, instrumentation);
}

/** `Buffers: shared hit=3 read=1`, or null when there is nothing to say. */
export function buffersLine(usage: BufferUsage): string | null {
  const parts = Object.entries(usage).filter(([, count]) => count > 0);
  return parts.length === 0 ? null : `Buffers: shared ${parts.map(([name, count]) => `${name}=${count}`).join(' ')}`;
}

/** The same as fields. Tables of a session's own and temporary files are not counted apart. */
export function bufferFields(usage: BufferUsage): ExplainDocument {
  return {
    'Shared Hit Blocks': usage.hit,
    'Shared Read Blocks': usage.read,
    'Shared Dirtied Blocks': usage.dirtied,
    'Shared Written Blocks': usage.written,
    'Local Hit Blocks': 0,
    'Local Read Blocks': 0,
    'Local Dirtied Blocks': 0,
    'Local Written Blocks': 0,
    'Temp Read Blocks': 0,
    'Temp Written Blocks': 0,
  };
}

function walLine({ records, images, bytes }: WalUsage): string | null {
  if (records === 0 && images === 0 && bytes === 0) return null;
  const parts = [];
  if (records > 0) parts.push(`records=${records}`);
  if (images > 0) parts.push(`fpi=${images}`);
  if (bytes > 0) parts.push(`bytes=${bytes}`);
  return `WAL: ${parts.join(' ')}`;
}

function figures(shown: Shown, options: ExplainOptions, instrumentation: PlanInstrumentation): string {
  const { plan } = shown;
  if (plan === null) return '';
  let text = '';
  if (options.costs) {
    const { startupCost, totalCost, rows, width } = plan;
    text += `  (cost=${startupCost.toFixed(2)}..${totalCost.toFixed(2)} rows=${rows} width=${width})`;
  }
  if (options.analyze) {
    const counted = instrumentation(plan);
    if (counted === null || counted.loops === 0) text += shown.label === 'Hash' ? '' : ' (never executed)';
    else {
      const rows = Math.round(counted.rows / counted.loops);
      const time = options.timing
        ? `time=${(counted.startupMs / counted.loops).toFixed(3)}..${(counted.totalMs / counted.loops).toFixed(3)} `
        : '';
      text += ` (actual ${time}rows=${rows} loops=${counted.loops})`;
    }
  }
  return text;
}

function writeText(
  shown: Shown,
  indent: number,
  isTop: boolean,
  options: ExplainOptions,
  instrumentation: PlanInstrumentation,
  lines: string[],
): void {
  const arrow = isTop ? '' : '->  ';
  lines.push(' '.repeat(indent) + arrow + shown.label + figures(shown, options, instrumentation));
  const inner = indent + (isTop ? 2 : 6);
  const pad = ' '.repeat(inner);
  for (const [name, value] of shown.details) {
    lines.push(`${pad}${name}: ${typeof value === 'string' ? value : value.join(', ')}`);
  }
  if (options.analyze)
    for (const [name, value] of postingFields(shown, instrumentation)) lines.push(`${pad}${name}: ${value}`);
  if (options.analyze) for (const line of extraOf(shown, instrumentation)?.extra ?? []) lines.push(pad + line);
  if (options.analyze && shown.plan !== null) writeCounted(shown, options, instrumentation, pad, lines);
  for (const { title, node } of shown.children) {
    if (title !== null) {
      lines.push(pad + title);
      writeText(node, inner + 2, false, options, instrumentation, lines);
    } else writeText(node, inner, false, options, instrumentation, lines);
  }
}

/** Lists by their length and by what their containers are, after what was in them at the end. */
function postingFields(shown: Shown, instrumentation: PlanInstrumentation): readonly (readonly [string, number])[] {
  if (shown.postings === undefined) return [];
  const { scan, expr } = shown.postings;
  const figures = instrumentation(scan)?.postings?.get(expr);
  if (figures === undefined) return [];
  if (typeof figures === 'number') return [['Rows Left', figures]];
  const { lists, rows, arrays, bitmaps, runs } = figures;
  const fields: [string, number][] = [
    ['Posting Lists', lists],
    ['Posting Rows', rows],
  ];
  if (arrays > 0) fields.push(['Array Containers', arrays]);
  if (bitmaps > 0) fields.push(['Bitmap Containers', bitmaps]);
  if (runs > 0) fields.push(['Run Containers', runs]);
  return fields;
}

/** Who has counted memory and disk for a node. */
function extraOf(shown: Shown, instrumentation: PlanInstrumentation): NodeInstrumentation | null {
  if (shown.hashOf !== undefined) return instrumentation(shown.hashOf);
  return shown.plan === null || shown.plan.kind === 'hashJoin' ? null : instrumentation(shown.plan);
}

function writeCounted(
  shown: Shown,
  options: ExplainOptions,
  instrumentation: PlanInstrumentation,
  pad: string,
  lines: string[],
): void {
  const counted = instrumentation(shown.plan!);
  if (counted === null) return;
  const { loops, rowsRemovedByFilter, rowsRemovedByJoinFilter } = counted;
  const average = (count: number): number => Math.round(count / Math.max(loops, 1));
  if (rowsRemovedByFilter) lines.push(`${pad}Rows Removed by Filter: ${average(rowsRemovedByFilter)}`);
  if (rowsRemovedByJoinFilter) lines.push(`${pad}Rows Removed by Join Filter: ${average(rowsRemovedByJoinFilter)}`);
  const buffers = options.buffers ? buffersLine(counted.buffers ?? NO_BUFFERS) : null;
  if (buffers !== null) lines.push(pad + buffers);
  const wal = options.wal === true ? walLine(counted.wal ?? NO_WAL) : null;
  if (wal !== null) lines.push(pad + wal);
}

function toDocument(
  shown: Shown,
  relationship: string | null,
  title: string | null,
  options: ExplainOptions,
  instrumentation: PlanInstrumentation,
): ExplainDocument {
  const { plan, fields } = shown;
  const result: Record<string, ExplainValue> = { 'Node Type': fields['Node Type'] };
  for (const name of ['Operation', 'Strategy']) if (name in fields) result[name] = fields[name];
  if (fields['Node Type'] === 'Aggregate') result['Partial Mode'] = 'Simple';
  if (relationship !== null) result['Parent Relationship'] = relationship;
  if (title !== null) result['Subplan Name'] = title;
  result['Parallel Aware'] = false;
  result['Async Capable'] = false;
  for (const [name, value] of Object.entries(fields)) result[name] = value;
  if (plan !== null && options.costs) {
    result['Startup Cost'] = new Fixed(plan.startupCost, 2);
    result['Total Cost'] = new Fixed(plan.totalCost, 2);
    result['Plan Rows'] = plan.rows;
    result['Plan Width'] = plan.width;
  }
  const counted = plan === null ? null : instrumentation(plan);
  if (plan !== null && options.analyze) addTimes(result, counted, options);
  for (const [name, value] of shown.details) result[name] = value;
  if (options.analyze) Object.assign(result, Object.fromEntries(postingFields(shown, instrumentation)));
  if (options.analyze) Object.assign(result, extraOf(shown, instrumentation)?.extraFields);
  if (counted !== null) addRemoved(result, counted);
  if (plan !== null && options.buffers) Object.assign(result, bufferFields(counted?.buffers ?? NO_BUFFERS));
  if (plan !== null && options.wal === true) {
    const { records, images, bytes } = counted?.wal ?? NO_WAL;
    result['WAL Records'] = records;
    result['WAL FPI'] = images;
    result['WAL Bytes'] = bytes;
  }
  if (shown.children.length > 0) {
    result['Plans'] = shown.children.map((child) =>
      toDocument(child.node, child.relationship, child.title, options, instrumentation),
    );
  }
  return result;
}

function addTimes(
  result: Record<string, ExplainValue>,
  counted: NodeInstrumentation | null,
  options: ExplainOptions,
): void {
  const loops = counted?.loops ?? 0;
  const share = Math.max(loops, 1);
  if (options.timing) {
    result['Actual Startup Time'] = new Fixed((counted?.startupMs ?? 0) / share, 3);
    result['Actual Total Time'] = new Fixed((counted?.totalMs ?? 0) / share, 3);
  }
  result['Actual Rows'] = Math.round((counted?.rows ?? 0) / share);
  result['Actual Loops'] = loops;
}

function addRemoved(result: Record<string, ExplainValue>, counted: NodeInstrumentation): void {
  const { loops, rowsRemovedByFilter, rowsRemovedByJoinFilter } = counted;
  const average = (count: number): number => Math.round(count / Math.max(loops, 1));
  if (rowsRemovedByJoinFilter) result['Rows Removed by Join Filter'] = average(rowsRemovedByJoinFilter);
  if (rowsRemovedByFilter) result['Rows Removed by Filter'] = average(rowsRemovedByFilter);
}
