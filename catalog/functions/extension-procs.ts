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
9225|citext_pattern_cmp|9200 9200|23|iS|citext_pattern_cmp
9260|hstore_fetchval|9201 25|25|iS|hstore_fetchval
9261|hstore_slice_to_array|9201 1009|1009|iS|hstore_slice_to_array
9262|hstore_slice_to_hstore|9201 1009|9201|iS|hstore_slice_to_hstore
9263|hstore_exists|9201 25|16|iS|hstore_exists
9264|hstore_exists_any|9201 1009|16|iS|hstore_exists_any
9265|hstore_exists_all|9201 1009|16|iS|hstore_exists_all
9266|hstore_defined|9201 25|16|iS|hstore_defined
9267|hstore_delete|9201 25|9201|iS|hstore_delete
9268|hstore_delete_array|9201 1009|9201|iS|hstore_delete_array
9269|hstore_delete_hstore|9201 9201|9201|iS|hstore_delete_hstore
9270|hstore_concat|9201 9201|9201|iS|hstore_concat
9271|hstore_contains|9201 9201|16|iS|hstore_contains
9272|hstore_contained|9201 9201|16|iS|hstore_contained
9273|hstore_from_text|25 25|9201|i|hstore_from_text
9274|hstore_from_arrays|1009 1009|9201|i|hstore_from_arrays
9275|hstore_from_array|1009|9201|iS|hstore_from_array
9276|hstore_from_record|2249|9201|i|hstore_from_record
9277|hstore_to_json|9201|114|iS|hstore_to_json
9278|hstore_to_json_loose|9201|114|iS|hstore_to_json_loose
9279|hstore_to_jsonb|9201|3802|iS|hstore_to_jsonb
9280|hstore_to_jsonb_loose|9201|3802|iS|hstore_to_jsonb_loose
9281|hstore_to_array|9201|1009|iS|hstore_to_array
9282|hstore_to_matrix|9201|1009|iS|hstore_to_matrix
9283|hstore_akeys|9201|1009|iS|hstore_akeys
9284|hstore_avals|9201|1009|iS|hstore_avals
9285|hstore_skeys|9201|25|iSR1000|hstore_skeys
9286|hstore_svals|9201|25|iSR1000|hstore_svals
9287|hstore_each|9201|2249|iSR1000|hstore_each||key 25,value 25
9288|hstore_populate_record|2283 9201|2283|i|hstore_populate_record
9289|hstore_eq|9201 9201|16|iS|hstore_eq
9290|hstore_ne|9201 9201|16|iS|hstore_ne
9291|hstore_lt|9201 9201|16|iS|hstore_lt
9292|hstore_le|9201 9201|16|iS|hstore_le
9293|hstore_gt|9201 9201|16|iS|hstore_gt
9294|hstore_ge|9201 9201|16|iS|hstore_ge
9295|hstore_cmp|9201 9201|23|iS|hstore_cmp
9296|hstore_hash|9201|23|iS|hstore_hash
9297|hstore_hash_extended|9201 20|20|iS|hstore_hash_extended`;

export const EXTENSION_OPERATORS = `9240 = 9201 9201 16 9289 = <> 3
9241 <> 9201 9201 16 9290 <> = 0
9242 < 9201 9201 16 9291 > >= 1
9243 <= 9201 9201 16 9292 >= > 2
9244 > 9201 9201 16 9293 < <= 5
9245 >= 9201 9201 16 9294 <= < 4
9250 = 9200 9200 16 9210 = <> 3
9251 <> 9200 9200 16 9211 <> = 0
9252 < 9200 9200 16 9212 > >= 1
9253 <= 9200 9200 16 9213 >= > 2
9254 > 9200 9200 16 9214 < <= 5
9255 >= 9200 9200 16 9215 <= < 4
9310 -> 9201 25 25 9260   0
9311 -> 9201 1009 1009 9261   0
9312 ? 9201 25 16 9263   0
9313 ?| 9201 1009 16 9264   0
9314 ?& 9201 1009 16 9265   0
9315 - 9201 25 9201 9267   0
9316 - 9201 1009 9201 9268   0
9317 - 9201 9201 9201 9269   0
9318 || 9201 9201 9201 9270   0
9319 @> 9201 9201 16 9271 <@  0
9320 <@ 9201 9201 16 9272 @>  0
9321 %% 0 9201 1009 9281   0
9322 %# 0 9201 1009 9282   0
9323 #= 2283 9201 2283 9288   0`;
