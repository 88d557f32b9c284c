/** Any SQL value as docs/architecture.md's table represents it; null is SQL NULL. */
// biome-ignore lint/suspicious/noExplicitAny: values are dynamic by nature; their static type is the SQL type beside them
export type Value = any;
