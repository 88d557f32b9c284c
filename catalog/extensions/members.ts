/** How the members of an extension are said (available.ts). */

/** A function of arguments of these types that is the built-in one of the name (functions/extension-procs.ts). */
export function internal(signature: string, result: string, internalName: string, more = 'STRICT'): string {
  return `${signature} RETURNS ${result} LANGUAGE internal IMMUTABLE ${more} PARALLEL SAFE AS '${internalName}'`;
}

export interface OperatorMember {
  readonly name: string;
  /** Types; null for a prefix operator. */
  readonly left: string | null;
  readonly right: string;
  /** In the extension's schema, as the commutator and the negator are. */
  readonly function: string;
  readonly commutator?: string;
  readonly negator?: string;
  /** RESTRICT and JOIN. */
  readonly estimators?: readonly [string, string];
  /** It can hash, and merge. */
  readonly isEquality?: boolean;
}

/** CREATE OPERATOR, without its first word. */
export function operator(member: OperatorMember): string {
  const { name, left, right, commutator, negator, estimators, isEquality } = member;
  const items = [
    ...(left === null ? [] : [`LEFTARG = ${left}`]),
    `RIGHTARG = ${right}`,
    `FUNCTION = {s}.${member.function}`,
    ...(commutator === undefined ? [] : [`COMMUTATOR = OPERATOR({s}.${commutator})`]),
    ...(negator === undefined ? [] : [`NEGATOR = OPERATOR({s}.${negator})`]),
    ...(estimators === undefined ? [] : [`RESTRICT = ${estimators[0]}`, `JOIN = ${estimators[1]}`]),
    ...(isEquality === true ? ['HASHES', 'MERGES'] : []),
  ];
  return `operator {s}.${name} (${items.join(', ')})`;
}

/** Name, function, commutator, negator, and what its estimators begin with. */
export type ComparisonMember = readonly [string, string, string, string, string];

/** An operator of two values of the type. */
export function comparisonOperator(
  type: string,
  [name, fn, commutator, negator, estimator]: ComparisonMember,
): OperatorMember {
  const shared = { left: type, right: type, function: fn, commutator, negator };
  return { name, ...shared, estimators: estimators(estimator), isEquality: name === '=' };
}

export function estimators(name: string): readonly [string, string] {
  return [`${name}sel`, `${name}joinsel`];
}
