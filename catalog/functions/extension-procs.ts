/**
 * Functions and operators behind the types that extensions make (catalog/extensions/). They are found by oid and internal name, by no SQL name:
 * a database without the extension has none of them, one with it has functions and operators of its own that stand for these. Same form
 * as builtin-procs.ts and builtin-operators.ts, names being internal ones. Oids: 9210 and up.
 */
export const EXTENSION_PROCS = `9210|citext_eq|9200 9200|16|iS|citext_eq
9211|citext_ne|9200 9200|16|iS|citext_ne
9212|citext_lt|9200 9200|16|iS|citext_lt
9213|citext_le|9200 9200|16|iS|citext_le
9214|citext_gt|9200 9200|16|iS|citext_gt
9215|citext_ge|9200 9200|16|iS|citext_ge
9216|citext_cmp|9200 9200|23|iS|citext_cmp
9217|citext_hash|9200|23|iS|citext_hash
9218|citext_hash_extended|9200 20|20|iS|citext_hash_extended
9219|citext_smaller|9200 9200|9200|iS|citext_smaller
9220|citext_larger|9200 9200|9200|iS|citext_larger
9221|citext_pattern_lt|9200 9200|16|iS|citext_pattern_lt
9222|citext_pattern_le|9200 9200|16|iS|citext_pattern_le
9223|citext_pattern_gt|9200 9200|16|iS|citext_pattern_gt
9224|citext_pattern_ge|9200 9200|16|iS|citext_pattern_ge
9225|citext_pattern_cmp|9200 9200|23|iS|citext_pattern_cmp`;

export const EXTENSION_OPERATORS = `9250 = 9200 9200 16 9210 = <> 3
9251 <> 9200 9200 16 9211 <> = 0
9252 < 9200 9200 16 9212 > >= 1
9253 <= 9200 9200 16 9213 >= > 2
9254 > 9200 9200 16 9214 < <= 5
9255 >= 9200 9200 16 9215 <= < 4`;
