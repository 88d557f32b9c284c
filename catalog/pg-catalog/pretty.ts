/**
 * SQL text with all its parentheses to PostgreSQL's "pretty" form without those that precedence makes needless: what
 * pg_get_constraintdef(oid, true) and psql print. After: ruleutils.c, isSimpleNode().
 *
 * The input is what deparsing writes: every operator expression in parentheses, every operand of a cast too. So the text is
 * read as nested groups; a group's kind (AND, OR, operator, name ...) and the kind of what it stands in say whether it may go.
 */
type Token =
  | { readonly kind: 'space' | 'word' | 'atom' | 'operator' | 'comma' | 'cast' | 'other'; readonly text: string }
  | { readonly kind: 'group'; readonly open: string; readonly tokens: readonly Token[] };

type Group = Extract<Token, { kind: 'group' }>;
type Kind = 'and' | 'or' | 'not' | 'operator' | 'arithmetic' | 'simple' | 'list';

const TOKEN =
  /(\s+)|((?:[eExXbB]|[uU]&)?'(?:[^']|'')*'|"(?:[^"]|"")*"(?:\.(?:"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_$]*|\*))*|\$\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]*(?:\.(?:"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_$]*|\*))*)|(::)|(,)|([()[\]])|([-+*/<>=~!@#%^&|`?:]+)|(.)/gsu;

/** Words after which a group is an expression of its own, not a list of arguments. */
const OPENERS = new Set(
  (
    'and or not when then else case where on having by select distinct limit offset is from between filter returning as ' +
    'union intersect except with like ilike similar to join lateral'
  ).split(' '),
);
/** Words that begin a place where any expression may stand bare. */
const TOP_WORDS = new Set('when then else case where on having by select limit offset distinct'.split(' '));

function tokenize(text: string): Token[] {
  const stack: { open: string; tokens: Token[] }[] = [{ open: '', tokens: [] }];
  for (const match of text.matchAll(TOKEN)) {
    const [whole, space, atom, word, cast, comma, bracket, operator] = match;
    const { tokens } = stack[stack.length - 1];
    if (bracket === '(' || bracket === '[') stack.push({ open: bracket, tokens: [] });
    else if (bracket !== undefined) {
      const closed = stack.pop() as { open: string; tokens: Token[] };
      if (stack.length === 0) throw new Error('unbalanced');
      stack[stack.length - 1].tokens.push({ kind: 'group', ...closed });
    } else if (space !== undefined) tokens.push({ kind: 'space', text: whole });
    else if (atom !== undefined) tokens.push({ kind: 'atom', text: whole });
    else if (word !== undefined) tokens.push({ kind: 'word', text: whole });
    else if (cast !== undefined) tokens.push({ kind: 'cast', text: whole });
    else if (comma !== undefined) tokens.push({ kind: 'comma', text: whole });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: whole });
    else tokens.push({ kind: 'other', text: whole });
  }
  if (stack.length !== 1) throw new Error('unbalanced');
  return stack[0].tokens;
}

function isWord(token: Token | undefined, words: ReadonlySet<string>): boolean {
  return token?.kind === 'word' && words.has(token.text.toLowerCase());
}

const AND = new Set(['and']);
const OR = new Set(['or']);
const NOT = new Set(['not']);
const IS = new Set(['is']);
const QUERY = new Set(['select', 'values', 'with']);

function withoutSpace(tokens: readonly Token[]): Token[] {
  return tokens.filter((token) => token.kind !== 'space');
}

/** The one group that a group holds, and nothing else. */
function onlyGroup(group: Group): Group | null {
  const [only, ...rest] = withoutSpace(group.tokens);
  return rest.length === 0 && only?.kind === 'group' && only.open === '(' ? only : null;
}

function kindOf(tokens: readonly Token[]): Kind {
  const dense = withoutSpace(tokens);
  if (dense.length === 0 || isWord(dense[0], QUERY)) return 'list';
  if (dense.some((token) => token.kind === 'comma')) return 'list';
  if (isCase(dense)) return 'simple';
  if (dense.some((token) => isWord(token, OR))) return 'or';
  if (dense.some((token) => isWord(token, AND))) return 'and';
  if (isWord(dense[0], NOT)) return 'not';
  const operators = dense.filter((token) => token.kind === 'operator');
  if (operators.length === 1 && dense[0] !== operators[0]) {
    return /^[-+*/%]$/.test((operators[0] as { text: string }).text) ? 'arithmetic' : 'operator';
  }
  if (operators.length > 0 || dense.some((token) => isWord(token, IS))) return 'operator';
  // A name, a literal, a call, or casts of them; more than one bare word is some special syntax.
  const words = dense.filter(
    (token, i) =>
      (token.kind === 'word' || token.kind === 'atom') && !isAfterCast(dense, i) && !isFieldDot(dense[i - 1]),
  );
  return words.length <= 1 ? 'simple' : 'operator';
}

/** Before the field of a row: `(x).a`, `x[1].a`. */
function isFieldDot(token: Token | undefined): boolean {
  return token?.kind === 'other' && token.text === '.';
}

/** Part of a type's name: `x::character varying`. */
function isAfterCast(tokens: readonly Token[], at: number): boolean {
  for (let i = at - 1; i >= 0; i--) {
    if (tokens[i].kind === 'cast') return true;
    if (tokens[i].kind !== 'word') return false;
  }
  return false;
}

function isCase(tokens: readonly Token[]): boolean {
  const [first, last] = [tokens[0], tokens[tokens.length - 1]];
  return isWord(first, new Set(['case'])) && isWord(last, new Set(['end']));
}

function arithmeticOf(tokens: readonly Token[]): string {
  const operator = tokens.find((token) => token.kind === 'operator') as { text: string } | undefined;
  return operator?.text ?? '';
}

const ROW = new Set(['row']);
const QUANTIFIERS = new Set(['any', 'all']);

/** ROW(a, b) < ROW(1, 2): PostgreSQL always encloses it. */
function isRowComparison(tokens: readonly Token[]): boolean {
  const dense = withoutSpace(tokens);
  return isWord(dense[0], ROW) && dense[2]?.kind === 'operator' && isWord(dense[3], ROW) && dense.length === 5;
}

/** x = ANY (...): nothing that isSimpleNode() knows. */
function isArrayComparison(tokens: readonly Token[]): boolean {
  const dense = withoutSpace(tokens);
  return dense.some(({ kind }, i) => kind === 'operator' && isWord(dense[i + 1], QUANTIFIERS));
}

/** POSITION((a) IN (b)) */
function renderPosition(tokens: readonly Token[]): string {
  return tokens.map((token) => (token.kind === 'group' ? `(${render(token.tokens, 'top')})` : token.text)).join('');
}

/** May the group lose its parentheses where it stands: within `parent`, as its first operand or not? */
function isNeedless(group: Group, parent: Kind | 'top', parentTokens: readonly Token[], isFirst: boolean): boolean {
  const kind = kindOf(group.tokens);
  if (kind === 'list' || isRowComparison(group.tokens)) return false;
  if (kind === 'simple' || parent === 'top') return true;
  if (isArrayComparison(group.tokens)) return false;
  switch (parent) {
    case 'and':
      return kind !== 'or';
    case 'or':
      return true;
    case 'not':
      return kind === 'operator' || kind === 'arithmetic';
    case 'arithmetic': {
      if (kind !== 'arithmetic') return false;
      const isHigh = /[*/%]/.test(arithmeticOf(group.tokens));
      const isParentHigh = /[*/%]/.test(arithmeticOf(parentTokens));
      return isHigh === isParentHigh ? isFirst : isHigh;
    }
    default:
      return false;
  }
}

/** `place`: what the tokens are, as a whole. */
function render(tokens: readonly Token[], place: Kind | 'top'): string {
  let result = '';
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token.kind !== 'group') {
      result += token.text;
      continue;
    }
    result += renderGroup(token, tokens, i, place);
  }
  return result;
}

const POSITION = new Set(['position']);
const JOIN = new Set(['join']);
const AFTER_JOIN = new Set(
  'where group having order limit offset fetch window union intersect except join left right full inner cross natural on'.split(
    ' ',
  ),
);

/** Tables joined, in the parentheses that the full form has around each join. */
function isJoin(tokens: readonly Token[]): boolean {
  const dense = withoutSpace(tokens);
  return !isWord(dense[0], QUERY) && dense.some((token) => isWord(token, JOIN));
}

function isDistinctOn(tokens: readonly Token[], before: Token | undefined): boolean {
  if (!isWord(before, new Set(['on']))) return false;
  const dense = withoutSpace(tokens);
  return isWord(dense[dense.indexOf(before as Token) - 1], new Set(['distinct']));
}

function neighbour(tokens: readonly Token[], at: number, step: -1 | 1): Token | undefined {
  let i = at + step;
  while (tokens[i]?.kind === 'space') i += step;
  return tokens[i];
}

function renderGroup(group: Group, tokens: readonly Token[], at: number, place: Kind | 'top'): string {
  if (group.open === '[') return `[${renderArguments(group.tokens)}]`;
  const before = neighbour(tokens, at, -1);
  const after = neighbour(tokens, at, 1);
  const isCall =
    (before?.kind === 'word' && !isWord(before, OPENERS)) || (before?.kind === 'atom' && /^"/.test(before.text));
  const isTypeModifier = isCall && isAfterCast(withoutSpace(tokens), withoutSpace(tokens).indexOf(before as Token));
  if (isCall && isWord(before, POSITION)) return `(${renderPosition(group.tokens)})`;
  if (isCall || isTypeModifier) return `(${renderArguments(group.tokens)})`;
  if (isDistinctOn(tokens, before)) return `(${renderArguments(group.tokens)})`;
  if (isJoin(group.tokens) && (after === undefined || isWord(after, AFTER_JOIN))) return render(group.tokens, 'top');
  const inner = onlyGroup(group);
  // A field's row is always enclosed.
  if (isFieldDot(after)) {
    return inner === null ? `(${render(group.tokens, kindOf(group.tokens))})` : renderGroup(inner, tokens, at, place);
  }
  const isOperand = after?.kind === 'cast' || (after?.kind === 'group' && after.open === '[');
  if (isOperand) {
    if (inner !== null) return renderGroup(inner, tokens, at, place);
    const isName = kindOf(group.tokens) === 'simple' && !isCase(withoutSpace(group.tokens));
    return isName ? render(group.tokens, 'simple') : `(${render(group.tokens, kindOf(group.tokens))})`;
  }
  const context = isWord(before, TOP_WORDS) || before?.kind === 'comma' ? 'top' : place;
  const isFirst = before === undefined;
  if (inner !== null && context === 'top') return renderGroup(inner, tokens, at, 'top');
  const kind = kindOf(group.tokens);
  if (isNeedless(group, context, tokens, isFirst)) return render(group.tokens, kind);
  return kind === 'list' ? `(${renderArguments(group.tokens)})` : `(${render(group.tokens, kind)})`;
}

/** Between commas anything may stand bare. */
function renderArguments(tokens: readonly Token[]): string {
  let result = '';
  let start = 0;
  for (let i = 0; i <= tokens.length; i++) {
    if (i < tokens.length && tokens[i].kind !== 'comma') continue;
    const part = tokens.slice(start, i);
    const dense = withoutSpace(part);
    result += render(part, dense.length === 1 ? 'top' : kindOf(part));
    if (i < tokens.length) result += ',';
    start = i + 1;
  }
  return result;
}

/** The pretty form of an expression (or of a query's text). What cannot be read stays as it is. */
export function prettyExpression(text: string): string {
  try {
    const tokens = tokenize(text);
    const dense = withoutSpace(tokens);
    return render(tokens, dense.length === 1 ? 'top' : kindOf(tokens));
  } catch {
    return text;
  }
}
