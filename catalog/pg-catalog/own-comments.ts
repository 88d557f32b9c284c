/** Comments on what is built in. */

import { typeByOid } from '../../types/index.ts';
import { functionByOid, operatorByOid } from '../functions/registry.ts';
import { BUILTIN_COMMENT_LINES } from './builtin-comments.ts';

const PROC_CLASS = 1255;
const OPERATOR_CLASS = 2617;
const TYPE_CLASS = 1247;

let byClass: Map<number, Map<number, string>> | null = null;

function comments(): Map<number, Map<number, string>> {
  if (byClass !== null) return byClass;
  byClass = new Map();
  for (const line of BUILTIN_COMMENT_LINES.trim().split('\n')) {
    const [, classText, oidText, text] = /^(\d+) (\d+) (.*)$/.exec(line) as RegExpExecArray;
    const classOid = Number(classText);
    if (!exists(classOid, Number(oidText))) continue;
    let ofClass = byClass.get(classOid);
    if (ofClass === undefined) {
      ofClass = new Map();
      byClass.set(classOid, ofClass);
    }
    ofClass.set(Number(oidText), text);
  }
  return byClass;
}

/** Of PostgreSQL's functions, operators and types, those that are here. */
function exists(classOid: number, oid: number): boolean {
  if (classOid === PROC_CLASS) return functionByOid(oid) !== null;
  if (classOid === OPERATOR_CLASS) return operatorByOid(oid) !== null;
  return classOid !== TYPE_CLASS || typeByOid(oid) !== undefined;
}

/** Without a class: whatever has the oid. */
export function ownComment(classOid: number | null, oid: number): string | null {
  if (classOid !== null) return comments().get(classOid)?.get(oid) ?? null;
  for (const ofClass of comments().values()) {
    const text = ofClass.get(oid);
    if (text !== undefined) return text;
  }
  return null;
}

export function* ownComments(): Iterable<{ readonly classOid: number; readonly oid: number; readonly text: string }> {
  for (const [classOid, ofClass] of comments()) for (const [oid, text] of ofClass) yield { classOid, oid, text };
}
