/** Text and binary forms of tsvector and tsquery. */
import { Buffer } from 'node:buffer';
import type { BinaryReader } from '../binary-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { Codec } from '../codec.ts';
import { sqlError } from '../errors.ts';
import { decodeText } from '../unicode.ts';
import { isSpace, quoteWord, TokenReader } from './token-text.ts';
import {
  EMPTY_TSQUERY,
  encodeTsquery,
  type QueryNode,
  type QueryOperand,
  tsqueryTree,
  writeTsquery,
} from './tsquery.ts';
import {
  buildTsvector,
  LEXEME_BYTES_MAX,
  type Lexeme,
  lexemeCount,
  lexemeLength,
  lexemeStart,
  lexemesOf,
  POSITION_MAX,
  POSITIONS_MAX,
  positionAt,
  positionCount,
  positionsStart,
  uniteLexemes,
} from './tsvector.ts';

function inputTsvector(text: string): Uint8Array {
  const reader = new TokenReader(text, 'tsvector');
  const lexemes: Lexeme[] = [];
  while (reader.next()) {
    const bytes = Buffer.from(reader.word, 'utf8');
    if (bytes.length > LEXEME_BYTES_MAX) {
      throw sqlError('54000', `word is too long (${bytes.length} bytes, max ${LEXEME_BYTES_MAX} bytes)`);
    }
    lexemes.push({ bytes, positions: reader.positions.length === 0 ? null : reader.positions });
  }
  return buildTsvector(uniteLexemes(lexemes));
}

const WEIGHT_LETTERS = ['', 'C', 'B', 'A'];

function outputTsvector(vector: Uint8Array): string {
  let text = '';
  const count = lexemeCount(vector);
  for (let i = 0; i < count; i++) {
    if (i > 0) text += ' ';
    const start = lexemeStart(vector, count, i);
    text += quoteWord(decodeText(vector, start, start + lexemeLength(vector, i)));
    const positions = positionsStart(vector, count, i);
    const length = positions < 0 ? 0 : positionCount(vector, positions);
    for (let k = 0; k < length; k++) {
      const position = positionAt(vector, positions, k);
      text += (k === 0 ? ':' : ',') + (position & POSITION_MAX) + WEIGHT_LETTERS[position >>> 14];
    }
  }
  return text;
}

function sendTsvector(vector: Uint8Array, writer: ByteWriter): void {
  const lexemes = lexemesOf(vector);
  writer.int32(lexemes.length);
  for (const { bytes, positions } of lexemes) {
    writer.utf8(bytes);
    writer.uint8(0);
    writer.int16(positions?.length ?? 0);
    for (const position of positions ?? []) writer.int16(position);
  }
}

/** Text up to a zero byte, with its bytes checked. */
function readZeroEnded(reader: BinaryReader): Uint8Array {
  return new Uint8Array(Buffer.from(reader.zeroEnded(), 'utf8'));
}

function receiveTsvector(reader: BinaryReader): Uint8Array {
  const count = reader.int32();
  if (count < 0 || count > 0x3fffffff / 4) throw sqlError('XX000', 'invalid size of tsvector');
  const lexemes: Lexeme[] = [];
  let isOrdered = true;
  for (let i = 0; i < count; i++) {
    const bytes = readZeroEnded(reader);
    const length = reader.uint16();
    if (bytes.length > LEXEME_BYTES_MAX) throw sqlError('XX000', 'invalid tsvector: lexeme too long');
    if (length > POSITIONS_MAX + 1) throw sqlError('XX000', 'unexpected number of tsvector positions');
    if (i > 0) {
      const order = Buffer.compare(lexemes[i - 1].bytes, bytes);
      if (order === 0) throw sqlError('XX000', 'duplicate lexeme in tsvector');
      if (order > 0) isOrdered = false;
    }
    const positions: number[] = [];
    for (let j = 0; j < length; j++) {
      positions.push(reader.uint16());
      if (j > 0 && (positions[j] & POSITION_MAX) <= (positions[j - 1] & POSITION_MAX)) {
        throw sqlError('XX000', 'position information is misordered');
      }
    }
    lexemes.push({ bytes, positions: length === 0 ? null : positions });
  }
  return buildTsvector(isOrdered ? lexemes : uniteLexemes(lexemes));
}

export const tsvectorCodec: Codec = {
  output: outputTsvector,
  input: inputTsvector,
  send: sendTsvector,
  receive: receiveTsvector,
};

/** Words become operands: as they stand for the type itself, by way of a configuration for to_tsquery. */
export type OperandMaker = (word: string, weights: number, prefix: boolean) => QueryTree;

function rawOperand(word: string, weights: number, prefix: boolean, text: string): QueryOperand {
  const lexeme = new Uint8Array(Buffer.from(word, 'utf8'));
  if (lexeme.length > LEXEME_BYTES_MAX) throw sqlError('54000', `word is too long in tsquery: "${text}"`);
  return { kind: 'operand', lexeme, weights, prefix };
}

/** Distances of phrases go up to one more than positions. */
export const DISTANCE_MAX = POSITION_MAX + 1;

const PRIORITY = { or: 1, and: 2, phrase: 3, not: 4 } as const;
type OperatorKind = keyof typeof PRIORITY;

/**
 * Reads a tsquery: operands and operators by precedence (!, <->, &, |). A stop word takes the operator beside it along; in a
 * phrase it leaves its distance.
 */
class QueryReader {
  readonly #tokens: TokenReader;
  readonly #make: OperandMaker;

  constructor(text: string, make: OperandMaker) {
    this.#tokens = new TokenReader(text, 'tsquery');
    this.#make = make;
  }

  read(): QueryTree {
    this.#skipSpace();
    if (this.#peek() === undefined) return null;
    const tree = this.#expression(1);
    this.#skipSpace();
    if (this.#peek() !== undefined) throw this.#tokens.syntaxError();
    return tree;
  }

  #peek(): string | undefined {
    return this.#tokens.text[this.#tokens.at];
  }

  #skipSpace(): void {
    while (isSpace(this.#peek())) this.#tokens.at++;
  }

  /** Operators of this priority and above; those of one priority go from left to right. */
  #expression(priority: number): QueryTree {
    let left = this.#operand();
    for (;;) {
      const start = this.#tokens.at;
      const operator = this.#operator();
      if (operator === null || PRIORITY[operator.kind] < priority) {
        this.#tokens.at = start;
        return left;
      }
      const right = this.#expression(PRIORITY[operator.kind] + 1);
      left = { kind: operator.kind, left, right, distance: operator.distance };
    }
  }

  #operator(): { readonly kind: 'and' | 'or' | 'phrase'; readonly distance: number } | null {
    this.#skipSpace();
    const character = this.#peek();
    if (character === '&' || character === '|') {
      this.#tokens.at++;
      return { kind: character === '&' ? 'and' : 'or', distance: 0 };
    }
    if (character === undefined || character === ')') return null;
    const phrase = character === '<' ? /^<(-|\d+)>/.exec(this.#tokens.text.slice(this.#tokens.at)) : null;
    if (phrase === null) throw this.#tokens.syntaxError();
    this.#tokens.at += phrase[0].length;
    const distance = phrase[1] === '-' ? 1 : Number(phrase[1]);
    if (distance > DISTANCE_MAX) {
      throw sqlError(
        '22023',
        `distance in phrase operator must be an integer value between zero and ${DISTANCE_MAX} inclusive`,
      );
    }
    return { kind: 'phrase', distance };
  }

  #operand(): QueryTree {
    this.#skipSpace();
    const character = this.#peek();
    if (character === '!') {
      this.#tokens.at++;
      return { kind: 'not', argument: this.#operand() };
    }
    if (character === '(') {
      this.#tokens.at++;
      const inner = this.#expression(1);
      this.#skipSpace();
      if (this.#peek() !== ')') throw this.#tokens.syntaxError();
      this.#tokens.at++;
      return inner;
    }
    if (character === ':') throw this.#tokens.syntaxError();
    if (!this.#tokens.next()) throw sqlError('42601', `no operand in tsquery: "${this.#tokens.text}"`);
    const { word } = this.#tokens;
    let weights = 0;
    let prefix = false;
    if (this.#peek() === ':') {
      this.#tokens.at++;
      for (; ; this.#tokens.at++) {
        const modifier = this.#peek();
        const weight = modifier === undefined ? -1 : 'dcba'.indexOf(modifier.toLowerCase());
        if (weight >= 0) weights |= 1 << weight;
        else if (modifier === '*') prefix = true;
        else break;
      }
    }
    return this.#make(word, weights, prefix) ?? STOP_WORD;
  }
}

/** A word that is not in the query after all. */
interface StopWord {
  readonly kind: 'stop';
}

const STOP_WORD: StopWord = { kind: 'stop' };

/** A tree in which stop words still have their places; null: no text. */
export type QueryTree =
  | QueryNode
  | StopWord
  | { readonly kind: 'not'; readonly argument: QueryTree }
  | {
      readonly kind: 'and' | 'or' | 'phrase';
      readonly left: QueryTree;
      readonly right: QueryTree;
      readonly distance: number;
    }
  | null;

export function stopWord(): QueryTree {
  return STOP_WORD;
}

/** The tree without its stop words. `before` and `after`: what phrases around it must add to their distance for them. */
interface Cleaned {
  readonly node: QueryNode | null;
  readonly before: number;
  readonly after: number;
}

function clean(tree: QueryTree): Cleaned {
  if (tree === null || tree.kind === 'stop') return { node: null, before: 0, after: 0 };
  if (tree.kind === 'operand') return { node: tree, before: 0, after: 0 };
  if (tree.kind === 'not') {
    const { node, before, after } = clean(tree.argument);
    return { node: node === null ? null : { kind: 'not', argument: node }, before, after };
  }
  const left = clean(tree.left);
  const right = clean(tree.right);
  const isPhrase = tree.kind === 'phrase';
  const distance = tree.kind === 'phrase' ? tree.distance : 0;
  if (left.node === null && right.node === null) {
    // Of a side without words both widths are the same.
    const width = isPhrase ? left.before + distance + right.before : Math.max(left.before, right.before);
    return { node: null, before: width, after: width };
  }
  if (left.node === null) {
    const before = isPhrase ? left.before + distance + right.before : right.before;
    return { node: right.node, before, after: right.after };
  }
  if (right.node === null) {
    const after = isPhrase ? left.after + distance + right.after : left.after;
    return { node: left.node, before: left.before, after };
  }
  if (tree.kind !== 'phrase') {
    return { node: { kind: tree.kind, left: left.node, right: right.node }, before: 0, after: 0 };
  }
  const gap = distance + left.after + right.before;
  return {
    node: { kind: 'phrase', left: left.node, right: right.node, distance: gap },
    before: left.before,
    after: right.after,
  };
}

/** Drops stop words with the operators beside them; null when nothing is left. */
export function withoutStopWords(tree: QueryTree): QueryNode | null {
  return clean(tree).node;
}

/** Reads a tsquery whose words go through `make`. */
export function parseTsquery(text: string, make: OperandMaker): QueryTree {
  return new QueryReader(text, make).read();
}

function inputTsquery(text: string): Uint8Array {
  const make: OperandMaker = (word, weights, prefix) => rawOperand(word, weights, prefix, text);
  return encodeTsquery(withoutStopWords(parseTsquery(text, make)));
}

const OPERATOR_TEXT = { and: ' & ', or: ' | ' } as const;

/** Parentheses stand where precedence needs them, and around a phrase on the right of a phrase. */
function printNode(node: QueryNode, parent: number, isRightOfPhrase: boolean): string {
  if (node.kind === 'operand') return printOperand(node);
  const priority = PRIORITY[node.kind as OperatorKind];
  const needsParentheses = priority < parent || (node.kind === 'phrase' && isRightOfPhrase);
  let text: string;
  if (node.kind === 'not') text = `!${printNode(node.argument, priority, false)}`;
  else {
    const operator =
      node.kind === 'phrase' ? (node.distance === 1 ? ' <-> ' : ` <${node.distance}> `) : OPERATOR_TEXT[node.kind];
    text = printNode(node.left, priority, false) + operator + printNode(node.right, priority, node.kind === 'phrase');
  }
  return needsParentheses ? `( ${text} )` : text;
}

function printOperand({ lexeme, weights, prefix }: QueryOperand): string {
  let text = quoteWord(decodeText(lexeme, 0, lexeme.length));
  if (weights === 0 && !prefix) return text;
  text += ':';
  if (prefix) text += '*';
  for (let weight = 3; weight >= 0; weight--) if ((weights >> weight) & 1) text += 'DCBA'[weight];
  return text;
}

export function outputTsquery(query: Uint8Array): string {
  const tree = tsqueryTree(query);
  return tree === null ? '' : printNode(tree, -1, false);
}

function receiveTsquery(reader: BinaryReader): Uint8Array {
  const count = reader.int32();
  if (count < 0 || count > 0x3fffffff / 12) throw sqlError('XX000', 'invalid size of tsquery');
  if (count === 0) return EMPTY_TSQUERY;
  let left = count;
  const read = (): QueryNode => {
    if (left-- === 0) throw sqlError('XX000', 'malformed tsquery: operand not found');
    const type = reader.uint8();
    if (type === 1) {
      const weights = reader.uint8();
      const prefix = reader.uint8() !== 0;
      const lexeme = readZeroEnded(reader);
      if (weights > 15) throw sqlError('XX000', 'invalid tsquery: invalid weight bitmap');
      if (lexeme.length > LEXEME_BYTES_MAX) throw sqlError('XX000', 'invalid tsquery: operand too long');
      return { kind: 'operand', lexeme, weights, prefix };
    }
    if (type !== 2) throw sqlError('XX000', `unrecognized tsquery node type: ${type}`);
    const operator = reader.uint8();
    if (operator < 1 || operator > 4) {
      throw sqlError('XX000', `invalid tsquery: unrecognized operator type ${operator}`);
    }
    if (operator === 1) return { kind: 'not', argument: read() };
    const distance = operator === 4 ? reader.uint16() : 0;
    const right = read();
    const other = read();
    if (operator === 4) return { kind: 'phrase', left: other, right, distance };
    return { kind: operator === 2 ? 'and' : 'or', left: other, right };
  };
  const tree = read();
  if (left !== 0) throw sqlError('XX000', 'malformed tsquery: extra nodes');
  return encodeTsquery(tree);
}

/** As it is stored, but for the encoding of its texts. */
function sendTsquery(query: Uint8Array, writer: ByteWriter): void {
  if (writer.encoding === null) writer.write(query);
  else writeTsquery(tsqueryTree(query), writer);
}

export const tsqueryCodec: Codec = {
  output: outputTsquery,
  input: inputTsquery,
  send: sendTsquery,
  receive: receiveTsquery,
};
