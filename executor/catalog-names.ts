/** Names and oids of catalog objects as the reg* types read and print them. */
import { quoteIdentifier } from '../catalog/functions/quote.ts';
import { functionByOid, functionsByName, operatorByOid } from '../catalog/functions/registry.ts';
import { splitNameList } from '../catalog/settings.ts';
import { parseExpression } from '../parser/index.ts';
import { bindScalar } from '../planner/index.ts';
import { sqlError } from '../types/errors.ts';
import { type CatalogNames, formatType, OID, typeByOid } from '../types/index.ts';
import type { Session } from './session.ts';

function splitName(text: string): string[] {
  const names = splitNameList(text.replaceAll('.', ','));
  if (names === null || names.length === 0) throw sqlError('42602', 'invalid name syntax');
  return names;
}

export function catalogNames(session: Session): CatalogNames {
  return {
    regInput(typeOid, text) {
      if (/^\d+$/.test(text)) return Number(text);
      if (text === '-') return 0;
      switch (typeOid) {
        case OID.REGCLASS: {
          const names = splitName(text);
          const relation = session.catalog.resolveRelation(names, session.searchPath(true));
          if (relation === undefined) throw sqlError('42P01', `relation "${names.join('.')}" does not exist`);
          return relation.oid;
        }
        case OID.REGTYPE: {
          const environment = session.environment(session.catalog, []);
          return bindScalar(parseExpression(`NULL::${text}`), null, environment, { source: 'value' }).typeOid;
        }
        case OID.REGNAMESPACE: {
          const [name] = splitName(text);
          const schema = session.catalog.schemaByName(name);
          if (schema === undefined) throw sqlError('3F000', `schema "${name}" does not exist`);
          return schema.oid;
        }
        case OID.REGROLE: {
          const [name] = splitName(text);
          const role = session.server.shared.catalog.roleByName(name);
          if (role === undefined) throw sqlError('42704', `role "${name}" does not exist`);
          return role.oid;
        }
        case OID.REGPROC:
        case OID.REGPROCEDURE: {
          const names = splitName(text.replace(/\(.*$/, ''));
          const found = functionsByName(names[names.length - 1]);
          if (found.length === 0) throw sqlError('42883', `function "${text}" does not exist`);
          if (found.length > 1 && typeOid === OID.REGPROC)
            throw sqlError('42725', `more than one function named "${text}"`);
          return found[0].oid;
        }
        default:
          throw sqlError('0A000', `names of type ${typeByOid(typeOid)?.name ?? typeOid} are not supported`);
      }
    },
    regOutput(typeOid, oid) {
      if (oid === 0) return '-';
      switch (typeOid) {
        case OID.REGCLASS: {
          const relation = session.catalog.namedRelation(oid);
          if (relation === undefined) return String(oid);
          const found = session.catalog.resolveRelation([relation.name], session.searchPath(true));
          if (found?.oid === oid) return quoteIdentifier(relation.name);
          return `${quoteIdentifier(session.catalog.schemaName(relation.schemaOid))}.${quoteIdentifier(relation.name)}`;
        }
        case OID.REGTYPE:
          return typeByOid(oid) === undefined ? String(oid) : formatType(oid, -1);
        case OID.REGNAMESPACE:
          return quoteIdentifier(session.catalog.schema(oid)?.name ?? String(oid));
        case OID.REGROLE:
          return quoteIdentifier(session.server.shared.catalog.role(oid)?.name ?? String(oid));
        case OID.REGPROC:
          return functionByOid(oid)?.name ?? String(oid);
        case OID.REGPROCEDURE: {
          const fn = functionByOid(oid);
          return fn === undefined || fn === null
            ? String(oid)
            : `${fn.name}(${fn.argumentTypes.map((t) => formatType(t, -1)).join(',')})`;
        }
        case OID.REGOPER:
          return operatorByOid(oid)?.name ?? String(oid);
        default:
          return String(oid);
      }
    },
  };
}
