/**
 * Snowball's programs as JavaScript. A word is a text of bytes (parse.ts) `z`, in which the cursor `c` moves between `lb` and `l`, forward
 * or, in backward mode, from right to left; `bra` and `ket` mark the slice that is replaced. A command that fails leaves the block that
 * awaits this by its label; places that are to be come back to in backward mode are kept as distances from the limit, as what is right of
 * the cursor stays as it is.
 */
import { Buffer } from 'node:buffer';
import {
  type AmongCase,
  type Arithmetic,
  type Command,
  type Program,
  SnowballParser,
  type StringOperand,
  toBytes,
} from './parse.ts';

/** Where a command that fails goes on: a JavaScript statement. */
type Failure = string;

/** Of an `among`: the names of its table of texts, and of the variable that says which was found: 0 none, 1 one without action. */
interface Place {
  readonly table: string;
  readonly found: string;
}

const PRELUDE = `
let z = '', c = 0, l = 0, lb = 0, bra = 0, ket = 0;
const width = (at) => { const b = z.charCodeAt(at); return b < 0xc0 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4; };
const hopForward = (n) => {
  let at = c;
  for (; n > 0; n--) { if (at >= l) return false; at += width(at); }
  c = at;
  return n === 0;
};
const hopBackward = (n) => {
  let at = c;
  for (; n > 0; n--) {
    if (at <= lb) return false;
    at--;
    while (at > lb && (z.charCodeAt(at) & 0xc0) === 0x80) at--;
  }
  c = at;
  return n === 0;
};
const inForward = (group, wanted) => {
  if (c >= l) return false;
  const size = width(c);
  if (group.has(z.slice(c, c + size)) !== wanted) return false;
  c += size;
  return true;
};
const inBackward = (group, wanted) => {
  if (c <= lb) return false;
  let at = c - 1;
  while (at > lb && (z.charCodeAt(at) & 0xc0) === 0x80) at--;
  if (group.has(z.slice(at, c)) !== wanted) return false;
  c = at;
  return true;
};
const isForward = (text) => {
  if (l - c < text.length || !z.startsWith(text, c)) return false;
  c += text.length;
  return true;
};
const isBackward = (text) => {
  if (c - lb < text.length || !z.startsWith(text, c - text.length)) return false;
  c -= text.length;
  return true;
};
const replace = (from, to, text) => {
  const change = text.length - (to - from);
  z = z.slice(0, from) + text + z.slice(to);
  l += change;
  if (c >= to) c += change;
  else if (c > from) c = from;
};
const insert = (text) => {
  const at = c;
  replace(at, at, text);
  if (at <= bra) bra += text.length;
  if (at <= ket) ket += text.length;
};
const characters = () => { let n = 0; for (let i = 0; i < z.length; i++) if ((z.charCodeAt(i) & 0xc0) !== 0x80) n++; return n; };
const findForward = (sizes, texts) => {
  const from = c;
  for (const size of sizes) {
    if (size > l - from) continue;
    const sought = texts.get(z.slice(from, from + size));
    if (sought === undefined) continue;
    c = from + size;
    if (sought.call === null) return sought.result;
    const fits = sought.call();
    c = from + size;
    if (fits) return sought.result;
  }
  c = from;
  return 0;
};
const findBackward = (sizes, texts) => {
  const from = c;
  for (const size of sizes) {
    if (size > from - lb) continue;
    const sought = texts.get(z.slice(from - size, from));
    if (sought === undefined) continue;
    c = from - size;
    if (sought.call === null) return sought.result;
    const fits = sought.call();
    c = from - size;
    if (fits) return sought.result;
  }
  c = from;
  return 0;
};
`;

class Generator {
  readonly #program: Program;
  /** Declarations of groupings and tables, in front of the routines. */
  #tables = '';
  #tableCount = 0;
  #labelCount = 0;
  #isBackward = false;
  readonly #places = new Map<Command, Place>();
  /** Of the routine: the variables of its `among`s; those whose `substring`s have not been met. */
  #foundNames: string[] = [];
  readonly #substrings: Place[] = [];

  constructor(program: Program) {
    this.#program = program;
  }

  /** A function's body, which answers the stemmer. */
  source(): string {
    const { strings, integers, booleans, groupings, routines } = this.#program;
    const routineTexts = routines.map(({ name, isBackward, body }) => {
      this.#isBackward = isBackward;
      this.#noteAmongs(body);
      const text = this.#command(body, 'return false;');
      const found = this.#foundNames.length === 0 ? '' : `let ${this.#foundNames.join(', ')};\n`;
      return `function r_${name}() {\n${found}${text}return true;\n}\n`;
    });
    const groups = [...groupings].map(([name, members]) => `const g_${name} = new Set(${JSON.stringify(members)});\n`);
    const variables = [
      ...strings.map((name) => `s_${name} = ''`),
      ...integers.map((name) => `i_${name} = 0`),
      ...booleans.map((name) => `b_${name} = false`),
    ];
    const declared = variables.length === 0 ? '' : `let ${variables.join(', ')};\n`;
    return `${PRELUDE}${groups.join('')}${declared}${this.#tables}${routineTexts.join('')}
return (word) => {
  z = word; c = lb = bra = 0; l = ket = word.length;
  ${variables.map((text) => `${text};`).join(' ')}
  r_stem();
  return z.slice(0, l);
};`;
  }

  #label(): string {
    return `L${this.#labelCount++}`;
  }

  /** Notes each `among` of a routine: its table, and the variable that keeps which text was found. */
  #noteAmongs(body: Command): void {
    this.#foundNames = [];
    const visit = (command: Command): void => {
      if (command.kind === 'among') {
        const place: Place = { table: this.#table(command.cases), found: this.#label() };
        this.#foundNames.push(place.found);
        this.#places.set(command, place);
        if (!command.matches) this.#substrings.push(place);
      }
      for (const part of partsOf(command)) visit(part);
    };
    visit(body);
  }

  /** The name of a table of texts, with their sizes from the longest on. */
  #table(cases: readonly AmongCase[]): string {
    const name = `t_${this.#tableCount++}`;
    const sizes = [...new Set(cases.map(({ text }) => text.length))].sort((a, b) => b - a);
    const entries = cases.map(
      ({ text, action, routine }) =>
        `[${JSON.stringify(text)}, { result: ${action + 2}, call: ${routine === null ? 'null' : `() => r_${routine}()`} }]`,
    );
    this.#tables += `const ${name}_sizes = ${JSON.stringify(sizes)}, ${name} = new Map([${entries.join(', ')}]);\n`;
    return name;
  }

  #find({ table, found }: Place, fail: Failure): string {
    const direction = this.#isBackward ? 'Backward' : 'Forward';
    return `${found} = find${direction}(${table}_sizes, ${table}); if (${found} === 0) { ${fail} }\n`;
  }

  #save(name: string): string {
    return `const ${name} = ${this.#isBackward ? 'l - c' : 'c'};\n`;
  }

  #restore(name: string): string {
    return `c = ${this.#isBackward ? `l - ${name}` : name};\n`;
  }

  #step(fail: Failure): string {
    return `if (!hop${this.#isBackward ? 'Backward' : 'Forward'}(1)) { ${fail} }\n`;
  }

  #operand(operand: StringOperand): string {
    return operand.kind === 'text' ? JSON.stringify(operand.text) : `s_${operand.name}`;
  }

  #number(value: Arithmetic): string {
    switch (value.kind) {
      case 'number':
        return String(value.value);
      case 'variable':
        return `i_${value.name}`;
      case 'binary': {
        const text = `(${this.#number(value.left)} ${value.operator} ${this.#number(value.right)})`;
        return value.operator === '/' ? `Math.trunc${text}` : text;
      }
      case 'place':
        switch (value.name) {
          case 'cursor':
            return 'c';
          case 'limit':
            return this.#isBackward ? 'lb' : 'l';
          case 'len':
            return 'characters()';
          case 'size':
            return 'z.length';
          default:
            return value.name === 'maxint' ? '2147483647' : '-2147483648';
        }
    }
  }

  #command(command: Command, fail: Failure): string {
    const back = this.#isBackward;
    const direction = back ? 'Backward' : 'Forward';
    switch (command.kind) {
      case 'sequence':
        return command.parts.map((part) => this.#command(part, fail)).join('');
      case 'or':
        return this.#or(command.parts, fail);
      case 'and': {
        const place = this.#label();
        const parts = command.parts.map((part) => this.#command(part, fail));
        return `{ ${this.#save(place)}${parts.join(this.#restore(place))}}\n`;
      }
      case 'not':
      case 'try':
      case 'test':
      case 'fail':
      case 'do':
      case 'goto':
      case 'gopast':
      case 'repeat':
      case 'backwards':
        return this.#prefixed(command.kind, command.body, fail);
      case 'loop':
      case 'atleast': {
        const count = this.#label();
        const loop = `for (let ${count} = ${this.#number(command.count)}; ${count} > 0; ${count}--) {\n${this.#command(command.body, fail)}}\n`;
        return command.kind === 'loop' ? loop : loop + this.#prefixed('repeat', command.body, fail);
      }
      case 'hop':
        return `if (!hop${direction}(${this.#number(command.at)})) { ${fail} }\n`;
      case 'tomark': {
        const at = this.#number(command.at);
        return `if (c ${back ? '<' : '>'} ${at}) { ${fail} }\nc = ${at};\n`;
      }
      case 'atmark':
        return `if (c !== ${this.#number(command.at)}) { ${fail} }\n`;
      case 'setlimit':
        return this.#setLimit(command.to, command.body, fail);
      case 'match':
        return `if (!is${direction}(${this.#operand(command.operand)})) { ${fail} }\n`;
      case 'replace':
        return `replace(bra, ket, ${this.#operand(command.operand)});\n`;
      case 'insert':
      case 'attach': {
        // The cursor stays on the side that it comes from.
        const keeps = (command.kind === 'attach') !== back;
        const place = this.#label();
        const text = `insert(${this.#operand(command.operand)});`;
        return keeps ? `{ const ${place} = c; ${text} c = ${place}; }\n` : `${text}\n`;
      }
      case 'grouping':
        return `if (!in${direction}(g_${command.name}, ${!command.isNegated})) { ${fail} }\n`;
      case 'assign':
        return `i_${command.name} ${command.operator} ${this.#number(command.value)};\n`;
      case 'compare': {
        const { left, relation, right } = command;
        const operator = relation === '==' ? '===' : relation === '!=' ? '!==' : relation;
        return `if (!(${this.#number(left)} ${operator} ${this.#number(right)})) { ${fail} }\n`;
      }
      case 'among':
        return this.#among(command, fail);
      case 'substring':
        return this.#find(this.#substrings.shift() as Place, fail);
      case 'setmark':
        return `i_${command.name} = c;\n`;
      case 'set':
      case 'unset':
        return `b_${command.name} = ${command.kind === 'set'};\n`;
      case 'call':
        return `if (!r_${command.name}()) { ${fail} }\n`;
      case 'flag':
        return `if (!b_${command.name}) { ${fail} }\n`;
      case 'slice':
        return `s_${command.name} = z.slice(bra, ket);\n`;
      case 'next':
        return this.#step(fail);
      case 'tolimit':
        return `c = ${back ? 'lb' : 'l'};\n`;
      case 'atlimit':
        return `if (${back ? 'c > lb' : 'c < l'}) { ${fail} }\n`;
      case '[':
        return `${back ? 'ket' : 'bra'} = c;\n`;
      case ']':
        return `${back ? 'bra' : 'ket'} = c;\n`;
      case 'delete':
        return "replace(bra, ket, '');\n";
      case 'true':
        return '';
      case 'false':
        return `{ ${fail} }\n`;
    }
  }

  #or(parts: readonly Command[], fail: Failure): string {
    const end = this.#label();
    const place = this.#label();
    const texts = parts.map((part, i) => {
      if (i === parts.length - 1) return this.#command(part, fail);
      const next = this.#label();
      return `${next}: {\n${this.#command(part, `break ${next};`)}break ${end};\n}\n${this.#restore(place)}`;
    });
    return `${end}: { ${this.#save(place)}${texts.join('')}}\n`;
  }

  #prefixed(
    kind: 'not' | 'try' | 'test' | 'fail' | 'do' | 'goto' | 'gopast' | 'repeat' | 'backwards',
    body: Command,
    fail: Failure,
  ): string {
    const place = this.#label();
    const inner = this.#label();
    const end = this.#label();
    const save = this.#save(place);
    const restore = this.#restore(place);
    const tried = (): string => this.#command(body, `break ${inner};`);
    switch (kind) {
      case 'not':
        return `${end}: { ${save}${inner}: {\n${tried()}${fail}\n}\n${restore}}\n`;
      case 'try':
        return `${end}: { ${save}${inner}: {\n${tried()}break ${end};\n}\n${restore}}\n`;
      case 'do':
        return `{ ${save}${inner}: {\n${tried()}}\n${restore}}\n`;
      case 'test':
        return `{ ${save}${this.#command(body, fail)}${restore}}\n`;
      case 'fail':
        return `${this.#command(body, fail)}{ ${fail} }\n`;
      case 'repeat':
        return `${end}: for (;;) { ${save}${inner}: {\n${tried()}continue ${end};\n}\n${restore}break;\n}\n`;
      case 'goto':
      case 'gopast': {
        const found = kind === 'goto' ? restore : '';
        return `${end}: for (;;) { ${save}${inner}: {\n${tried()}${found}break ${end};\n}\n${restore}${this.#step(fail)}}\n`;
      }
      case 'backwards': {
        this.#isBackward = true;
        const text = this.#command(body, fail);
        this.#isBackward = false;
        return `lb = c; c = l;\n${text}c = lb;\n`;
      }
    }
  }

  /** Also where the body fails, the limit is what it was. */
  #setLimit(to: Command, body: Command, fail: Failure): string {
    const place = this.#label();
    const kept = this.#label();
    const failed = this.#label();
    const isDone = this.#label();
    const limit = this.#isBackward ? `const ${kept} = lb; lb = c;` : `const ${kept} = l - c; l = c;`;
    const reset = this.#isBackward ? `lb = ${kept};` : `l += ${kept};`;
    const before = this.#save(place) + this.#command(to, fail);
    const restore = this.#restore(place);
    const inside = this.#command(body, `break ${failed};`);
    return `{ ${before}${limit}\n${restore}let ${isDone} = false;\n${failed}: {\n${inside}${isDone} = true;\n}\n${reset}\nif (!${isDone}) { ${fail} }\n}\n`;
  }

  #among(command: Extract<Command, { kind: 'among' }>, fail: Failure): string {
    const { actions, starter, matches } = command;
    const place = this.#places.get(command) as Place;
    const find = matches ? this.#find(place, fail) : '';
    const begin = starter === null ? '' : this.#command(starter, fail);
    const branches = actions.map(
      (action, i) => `${i === 0 ? '' : 'else '}if (${place.found} === ${i + 2}) {\n${this.#command(action, fail)}}\n`,
    );
    return find + begin + branches.join('');
  }
}

/** The commands inside a command. */
function partsOf(command: Command): readonly Command[] {
  switch (command.kind) {
    case 'sequence':
    case 'or':
    case 'and':
      return command.parts;
    case 'setlimit':
      return [command.to, command.body];
    case 'among':
      return command.starter === null ? command.actions : [command.starter, ...command.actions];
    default:
      return 'body' in command ? [command.body] : [];
  }
}

const isAscii = (text: string): boolean => !/[^\x00-\x7f]/.test(text);

/** A stemmer, for words in lower case. */
export function compileSnowball(source: string): (word: string) => string {
  const program = new SnowballParser(source).program();
  const stem = new Function(new Generator(program).source())() as (bytes: string) => string;
  return (word) => {
    if (isAscii(word)) {
      const stemmed = stem(word);
      if (isAscii(stemmed)) return stemmed;
      return Buffer.from(stemmed, 'latin1').toString('utf8');
    }
    return Buffer.from(stem(toBytes(word)), 'latin1').toString('utf8');
  };
}
