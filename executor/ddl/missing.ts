/** What is said of an object that is not there, for DROP, ALTER and COMMENT alike. */
import type { ObjectAddress, TypeName } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { findRelation, relationMissing, schemaOrThrow } from './resolve.ts';
import { resolveType } from './type-names.ts';

const ACCESS_METHODS = new Set(['btree', 'hash', 'gist', 'gin', 'spgist', 'brin']);
const LANGUAGES = new Set(['internal', 'c', 'sql', 'plpgsql']);

/** An argument's type as the messages of DROP ... IF EXISTS print it: pg_catalog.int4. */
export function rawTypeName(type: TypeName): string {
  const brackets = '[]'.repeat(type.arrayDimensions.length);
  return type.name.join('.') + brackets;
}

/** `isSkipped`: it is for IF EXISTS to tell. Throws where what it would belong to is not there. */
export function missingText(x: DdlContext, object: ObjectAddress, isSkipped: boolean): string {
  const type = object.objectType;
  const name = object.name.join('.');
  switch (type) {
    case 'trigger':
    case 'rule':
    case 'policy': {
      const relation = object.on === null ? undefined : findRelation(x, object.on);
      if (object.on !== null && relation === undefined) throw relationMissing(x, object.on);
      const holder = type === 'rule' || isSkipped ? 'relation' : 'table';
      return `${type} "${object.name[object.name.length - 1]}" for ${holder} "${relation?.name ?? ''}" does not exist`;
    }
    case 'operator class':
    case 'operator family':
      if (object.method !== null && !ACCESS_METHODS.has(object.method)) {
        throw sqlError('42704', `access method "${object.method}" does not exist`);
      }
      if (object.name.length > 1) schemaOrThrow(x, object.name[object.name.length - 2]);
      return `${type} "${name}" does not exist for access method "${object.method ?? 'btree'}"`;
    case 'transform': {
      const [of] = object.types;
      const shown = of === null ? '' : isSkipped ? rawTypeName(of) : formatType(resolveType(x, of).typeOid);
      if (!isSkipped && !LANGUAGES.has(name)) throw sqlError('42704', `language "${name}" does not exist`);
      return `transform for type ${shown} language "${name}" does not exist`;
    }
    case 'foreign data wrapper':
      return `foreign-data wrapper "${name}" does not exist`;
    case 'statistics':
      return `statistics object "${name}" does not exist`;
    default:
      return `${type} "${name}" does not exist`;
  }
}
