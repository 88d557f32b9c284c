/**
 * Functions that PostgreSQL's pg_catalog does not have: of extensions that are built in here, and hotrow's own. Same form as
 * builtin-procs.ts, which is generated; this file is not. Oids: 9100 and up, which PostgreSQL leaves to those who develop it.
 */
export const HOTROW_PROCS = `9100|pg_prewarm|2205 25 25 20 20|20|v|pg_prewarm|,mode,fork,first_block,last_block||["buffer","main",null,null]
9101|hotrow_preload||2249|vSR|hotrow_preload||state 25,pages_total 20,pages_loaded 20,pages_resident 20,pages_gone 20,pages_damaged 20,pages_without_room 20,started_at 1184,ended_at 1184,seconds_left 701
9102|hotrow_reset||2278|v|hotrow_reset
9103|hotrow_diff|2205 1184 1184|2249|vR|hotrow_diff|table,since,until|op 25,key 3802,old 3802,new 3802|[null]
9104|hotrow_rewind|2205 1184|20|vS|hotrow_rewind|table,to
9105|hotrow_uuid_v1|16|2950|vS|hotrow_uuid_v1
9106|hotrow_uuid_of_name|23 2950 25|2950|iS|hotrow_uuid_of_name
9107|hotrow_digest|17 25|17|iS|hotrow_digest
9108|hotrow_hmac|17 17 25|17|iS|hotrow_hmac
9109|hotrow_random_bytes|23|17|vS|hotrow_random_bytes
9120|set_limit|700|700|vS|set_limit
9121|show_limit||700|sS|show_limit
9122|show_trgm|25|1009|iS|show_trgm
9123|similarity|25 25|700|iS|similarity
9124|similarity_op|25 25|16|sS|similarity_op
9125|word_similarity|25 25|700|iS|word_similarity
9126|word_similarity_op|25 25|16|sS|word_similarity_op
9127|word_similarity_commutator_op|25 25|16|sS|word_similarity_commutator_op
9128|similarity_dist|25 25|700|iS|similarity_dist
9129|word_similarity_dist_op|25 25|700|iS|word_similarity_dist_op
9130|word_similarity_dist_commutator_op|25 25|700|iS|word_similarity_dist_commutator_op
9131|strict_word_similarity|25 25|700|iS|strict_word_similarity
9132|strict_word_similarity_op|25 25|16|sS|strict_word_similarity_op
9133|strict_word_similarity_commutator_op|25 25|16|sS|strict_word_similarity_commutator_op
9134|strict_word_similarity_dist_op|25 25|700|iS|strict_word_similarity_dist_op
9135|strict_word_similarity_dist_commutator_op|25 25|700|iS|strict_word_similarity_dist_commutator_op
9140|hotrow_unaccent|3769 25|25|iS|hotrow_unaccent`;

/** Operators of extensions that are built in, in the form of builtin-operators.ts. Oids: 9150 and up. */
export const HOTROW_OPERATORS = `9150 <-> 25 25 700 9128 <->  0
9151 <<-> 25 25 700 9129 <->>  0
9152 <->> 25 25 700 9130 <<->  0
9153 <<<-> 25 25 700 9134 <->>>  0
9154 <->>> 25 25 700 9135 <<<->  0
9155 % 25 25 16 9124 %  0
9156 <% 25 25 16 9126 %>  0
9157 %> 25 25 16 9127 <%  0
9158 <<% 25 25 16 9132 %>>  0
9159 %>> 25 25 16 9133 <<%  0`;
