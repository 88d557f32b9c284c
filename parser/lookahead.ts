/**
 * LL(1) lookahead for Chevrotain from FIRST sets that are computed once per rule, and only when a decision is first met.
 *
 * Chevrotain's own strategy walks the grammar anew for every decision and every path, which for a grammar of this size
 * costs more than all else at start-up. Here a rule's FIRST set is a byte per token type, kept; a decision becomes a table
 * from token type to alternative. Token categories (ColId and the like) are spread into their members.
 *
 * Where two alternatives start with the same token, the first one wins, as in Chevrotain; validate() reports such pairs
 * unless the alternation says IGNORE_AMBIGUITIES.
 */
import {
  Alternation,
  type Alternative,
  type ILookaheadStrategy,
  type IProduction,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
  type Rule,
  Terminal,
} from 'chevrotain';
import { isInCategory } from './keywords.ts';
import { BARE_COL_LABEL, COL_ID, TOKEN_TYPE_COUNT } from './token-types.ts';

/** What a sequence may start with. */
interface First {
  readonly tokens: Uint8Array;
  nullable: boolean;
}

/** What a lookahead function may use of the parser it is called on. */
interface Lookahead {
  readonly tokVector: readonly { readonly tokenTypeIdx: number }[];
  readonly currIdx: number;
}

type Container = IProduction & { readonly definition: IProduction[]; readonly idx: number };

function definitionOf(production: IProduction): IProduction[] {
  return production instanceof NonTerminal ? [] : ((production as Container).definition ?? []);
}
function alternativesOf(alternation: Alternation): Alternative[] {
  return alternation.definition as unknown as Alternative[];
}

export class FirstSetLookahead implements ILookaheadStrategy {
  private readonly firstOfRule = new Map<string, First>();

  private readonly rules = new Map<string, Rule>();

  initialize(options: { rules: Rule[] }): void {
    this.firstOfRule.clear();
    for (const rule of options.rules) this.rules.set(rule.name, rule);
  }

  /** Whether a rule can start with a token of this type. */
  startsRule(name: string, tokenType: number): boolean {
    const rule = this.rules.get(name);
    return rule !== undefined && this.firstOfRuleNamed(rule).tokens[tokenType] !== 0;
  }

  buildLookaheadForAlternation(options: { prodOccurrence: number; rule: Rule; hasPredicates: boolean }): never {
    const { rule, prodOccurrence } = options;
    let table: Int16Array | null = null;
    const lookahead = function (this: Lookahead): number | undefined {
      if (table === null) table = build();
      const alternative = table[this.tokVector[this.currIdx + 1].tokenTypeIdx];
      return alternative < 0 ? undefined : alternative;
    };
    const build = (): Int16Array => {
      const alternation = find(rule, 'Alternation', prodOccurrence) as Alternation;
      const alternatives = alternativesOf(alternation).map((alternative) =>
        this.firstOfSequence(alternative.definition),
      );
      // An alternative that may be empty is taken for every token that starts no other.
      const result = new Int16Array(TOKEN_TYPE_COUNT).fill(alternatives.findIndex((first) => first.nullable));
      for (let k = alternatives.length - 1; k >= 0; k--) {
        const tokens = alternatives[k].tokens;
        for (let type = 0; type < TOKEN_TYPE_COUNT; type++) if (tokens[type] !== 0) result[type] = k;
      }
      return result;
    };
    return lookahead as never;
  }

  buildLookaheadForOptional(options: { prodOccurrence: number; prodType: string; rule: Rule }): never {
    const { rule, prodOccurrence, prodType } = options;
    let tokens: Uint8Array | null = null;
    const lookahead = function (this: Lookahead): boolean {
      if (tokens === null) tokens = build();
      return tokens[this.tokVector[this.currIdx + 1].tokenTypeIdx] !== 0;
    };
    const build = (): Uint8Array => {
      const production = find(rule, prodType, prodOccurrence);
      return this.firstOfSequence(definitionOf(production)).tokens;
    };
    return lookahead as never;
  }

  /** Alternatives that can start with the same token, without IGNORE_AMBIGUITIES. */
  validate(options: { rules: Rule[] }): never[] {
    const errors: { message: string; type: string; ruleName: string }[] = [];
    for (const rule of options.rules) {
      for (const alternation of alternationsOf(rule)) {
        const marks = alternation as unknown as { ignoreAmbiguities?: boolean; hasPredicates?: boolean };
        if (marks.ignoreAmbiguities === true || marks.hasPredicates === true) continue;
        const firsts = alternativesOf(alternation).map((alternative) => this.firstOfSequence(alternative.definition));
        for (let a = 0; a < firsts.length; a++) {
          for (let b = a + 1; b < firsts.length; b++) {
            const later = alternativesOf(alternation)[b] as unknown as { ignoreAmbiguities?: boolean };
            if (later.ignoreAmbiguities === true) continue;
            const shared = firsts[a].tokens.findIndex((flag, type) => flag !== 0 && firsts[b].tokens[type] !== 0);
            if (shared < 0) continue;
            const message = `rule ${rule.name}, OR${alternation.idx}: alternatives ${a} and ${b} both start with token ${shared}`;
            errors.push({ message, type: 'ambiguity', ruleName: rule.name });
          }
        }
      }
    }
    return errors as never[];
  }

  private firstOfSequence(sequence: readonly IProduction[]): First {
    const first: First = { tokens: new Uint8Array(TOKEN_TYPE_COUNT), nullable: true };
    for (const production of sequence) {
      const next = this.firstOf(production);
      for (let type = 0; type < TOKEN_TYPE_COUNT; type++) if (next.tokens[type] !== 0) first.tokens[type] = 1;
      if (!next.nullable) {
        first.nullable = false;
        break;
      }
    }
    return first;
  }

  private firstOf(production: IProduction): First {
    if (production instanceof Terminal) return firstOfTerminal(production.terminalType.tokenTypeIdx as number);
    if (production instanceof NonTerminal) return this.firstOfRuleNamed(production.referencedRule);
    if (production instanceof Alternation) {
      const result: First = { tokens: new Uint8Array(TOKEN_TYPE_COUNT), nullable: false };
      for (const alternative of alternativesOf(production)) {
        const first = this.firstOfSequence(alternative.definition);
        for (let type = 0; type < TOKEN_TYPE_COUNT; type++) if (first.tokens[type] !== 0) result.tokens[type] = 1;
        if (first.nullable) result.nullable = true;
      }
      return result;
    }
    const first = this.firstOfSequence(definitionOf(production));
    const mayBeMissing =
      production instanceof Option || production instanceof Repetition || production instanceof RepetitionWithSeparator;
    return mayBeMissing ? { tokens: first.tokens, nullable: true } : first;
  }

  private firstOfRuleNamed(rule: Rule): First {
    let first = this.firstOfRule.get(rule.name);
    if (first === undefined) {
      if (rule.definition.length === 0) throw new Error(`rule ${rule.name} begins an alternative, but is a detail()`);
      // Left recursion would come back here before the set is known; the grammar has none.
      first = this.firstOfSequence(rule.definition);
      this.firstOfRule.set(rule.name, first);
    }
    return first;
  }
}

function firstOfTerminal(type: number): First {
  const tokens = new Uint8Array(TOKEN_TYPE_COUNT);
  if (type >= COL_ID && type <= BARE_COL_LABEL) {
    for (let member = 0; member < TOKEN_TYPE_COUNT; member++) if (isInCategory(member, type)) tokens[member] = 1;
  } else tokens[type] = 1;
  return { tokens, nullable: false };
}

const CLASS_OF_TYPE: Readonly<Record<string, unknown>> = {
  Alternation,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionWithSeparator,
  RepetitionMandatoryWithSeparator,
};

/** The production of this kind and occurrence number within a rule. */
function find(rule: IProduction, type: string, idx: number): IProduction {
  const wanted = CLASS_OF_TYPE[type];
  const search = (node: IProduction): IProduction | null => {
    if (node.constructor === wanted && (node as Container).idx === idx) return node;
    for (const child of definitionOf(node)) {
      const found = search(child);
      if (found !== null) return found;
    }
    return null;
  };
  const found = search(rule);
  if (found === null) throw new Error(`no ${type} ${idx} in the grammar`);
  return found;
}

function alternationsOf(rule: IProduction): Alternation[] {
  const found: Alternation[] = [];
  const walk = (node: IProduction): void => {
    if (node instanceof Alternation) found.push(node);
    for (const child of definitionOf(node)) walk(child);
  };
  walk(rule);
  return found;
}
