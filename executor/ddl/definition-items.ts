/** Values of the attributes that operators and aggregates are defined by. After: PostgreSQL, commands/define.c. */
import type { DefinitionItem, QualifiedName, TypeName } from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { sqlError } from '../../types/errors.ts';

/** Functions and operators are named. */
export function nameOf({ name, value }: DefinitionItem): QualifiedName {
  switch (value?.kind) {
    case 'type':
      return value.type.name;
    case 'operator':
      return value.name;
    case 'string':
    case 'word':
      return [value.text];
    case undefined:
      throw sqlError('42601', `${name} requires a parameter`);
    default:
      throw sqlError('42601', `argument of ${name} must be a name`);
  }
}

export function typeOf({ name, value }: DefinitionItem): TypeName {
  switch (value?.kind) {
    case 'type':
      return value.type;
    case 'string':
    case 'word':
      return typeNamed(value.text);
    case undefined:
      throw sqlError('42601', `${name} requires a parameter`);
    default:
      throw sqlError('42601', `argument of ${name} must be a type name`);
  }
}

/** A type named by a string is named as it stands there, without a modifier. */
function typeNamed(text: string): TypeName {
  const [{ node }] = parse('SELECT NULL::x');
  const target = node.kind === 'query' && node.body.kind === 'select' ? node.body.targets[0].expr : null;
  if (target?.kind !== 'cast') throw new Error('not a cast');
  return { ...target.type, name: [text], position: -1 };
}

export function textOf({ name, value }: DefinitionItem): string {
  switch (value?.kind) {
    case 'string':
    case 'number':
    case 'word':
      return value.text;
    case 'type':
      return value.type.name.join('.');
    case 'operator':
      return value.name.join('.');
    default:
      throw sqlError('42601', `${name} requires a parameter`);
  }
}

export function flagOf(item: DefinitionItem): boolean {
  if (item.value === null) return true;
  switch (textOf(item).toLowerCase()) {
    case 'true':
    case 'on':
    case '1':
      return true;
    case 'false':
    case 'off':
    case '0':
      return false;
    default:
      throw sqlError('42601', `${item.name} requires a Boolean value`);
  }
}

export function integerOf(item: DefinitionItem): number {
  const { name, value } = item;
  if (value === null) throw sqlError('42601', `${name} requires an integer value`);
  const text = value.kind === 'number' ? value.text : '';
  if (!/^-?\d+$/.test(text)) throw sqlError('42601', `${name} requires an integer value`);
  return Number(text);
}
