/**
 * LIKE, ILIKE and regular expressions (after like_support.c): the pattern is tried on the most common values and on the bounds of
 * the histogram, which are a sample; where there are too few of them its fixed prefix is a range, and each further character
 * lets through what a character usually does.
 */
import type { Expr } from '../expr.ts';
import { type SelectivityContext, variableStatistics } from './column-statistics.ts';
import { commonMatching, commonShare, histogramShare } from './histogram.ts';
import { knownValue } from './known-values.ts';

export const DEFAULT_MATCH = 0.005;
const FIXED_CHARACTER = 0.2;
const ANY_CHARACTER = 0.9;
const WILDCARD = 5;
/** A histogram of this many bounds is a sample to be trusted alone. */
const SAMPLE_ENOUGH = 100;
const SAMPLE_LEAST = 10;

/** Share of rows for which `column operator pattern`. */
export function patternSelectivity(context: SelectivityContext, operator: string, column: Expr, pattern: Expr): number {
  const value = knownValue(context, pattern);
  if (value === null) return 0;
  if (typeof value !== 'string') return DEFAULT_MATCH;
  const test = matcherOf(operator, value);
  if (test === null) return DEFAULT_MATCH;
  const fixed = fixedPart(operator, value);
  const stats = variableStatistics(context, column)?.stats ?? null;
  if (stats === null) return fixed.share;
  const matches = (item: unknown): boolean => typeof item === 'string' && test(item);
  const common = commonMatching(stats, matches);
  const rest = Math.max(0, 1 - commonShare(stats, column.typeOid) - stats.nullFraction);
  // The first and last bounds are outliers.
  const sample = stats.histogram.slice(1, -1);
  const sampled = sample.length >= SAMPLE_LEAST ? sample.filter(matches).length / sample.length : null;
  let share = fixed.share;
  if (fixed.prefix !== '') {
    const next = fixed.prefix.slice(0, -1) + String.fromCharCode(fixed.prefix.charCodeAt(fixed.prefix.length - 1) + 1);
    const from = histogramShare(stats, column.typeOid, fixed.prefix);
    const to = histogramShare(stats, column.typeOid, next);
    if (from !== null && to !== null) share = Math.max(to - from, 0.00001) * fixed.afterPrefix;
  }
  if (sampled !== null) {
    const weight = Math.min(1, sample.length / SAMPLE_ENOUGH);
    // None or all of a hundred says little of what is rarer than that: the rule of thumb counts then too.
    share = sampled === 0 ? Math.min(share, 1 / sample.length) : weight * sampled + (1 - weight) * share;
  }
  return Math.min(1, Math.max(0, common + rest * Math.min(1, share)));
}

interface FixedPart {
  readonly prefix: string;
  /** Share of all texts, by rule of thumb. */
  readonly share: number;
  /** The same of those that begin with the prefix. */
  readonly afterPrefix: number;
}

function fixedPart(operator: string, pattern: string): FixedPart {
  if (operator !== '~~') return { prefix: '', share: ruleOfThumb(operator, pattern), afterPrefix: 1 };
  let prefix = '';
  let i = 0;
  for (; i < pattern.length; i++) {
    let char = pattern[i];
    if (char === '%' || char === '_') break;
    if (char === '\\' && i + 1 < pattern.length) char = pattern[++i];
    prefix += char;
  }
  const afterPrefix = ruleOfThumb(operator, pattern.slice(i));
  return { prefix, share: FIXED_CHARACTER ** prefix.length * afterPrefix, afterPrefix };
}

function ruleOfThumb(operator: string, pattern: string): number {
  let result = 1;
  const isLike = operator.startsWith('~~');
  for (const char of pattern) {
    if (isLike) result *= char === '%' ? WILDCARD : char === '_' ? ANY_CHARACTER : FIXED_CHARACTER;
    else if (/[\w ]/.test(char)) result *= FIXED_CHARACTER;
  }
  // A regular expression, or LIKE with %, matches anywhere.
  if (!isLike && !pattern.startsWith('^')) result *= WILDCARD;
  return Math.max(Math.min(result, 1), 0.0001);
}

function matcherOf(operator: string, pattern: string): ((text: string) => boolean) | null {
  try {
    const flags = operator.endsWith('*') ? 'isu' : 'su';
    const regexp = new RegExp(operator.startsWith('~~') ? likeSource(pattern) : pattern, flags);
    return (text) => regexp.test(text);
  } catch {
    return null;
  }
}

function likeSource(pattern: string): string {
  let source = '^';
  for (let i = 0; i < pattern.length; i++) {
    let char = pattern[i];
    if (char === '%') source += '.*';
    else if (char === '_') source += '.';
    else {
      if (char === '\\' && i + 1 < pattern.length) char = pattern[++i];
      source += char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
    }
  }
  return `${source}$`;
}
