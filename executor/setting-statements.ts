/** SET, RESET, SHOW and DISCARD. */
import type { SetStatement, TransactionModes } from '../parser/ast.ts';
import { sqlError } from '../types/errors.ts';
import type { Session } from './session.ts';
import { leaveRole } from './session-authorization.ts';
import { applyModes } from './transaction-statements.ts';
import { sendRows, textField } from './utility-rows.ts';

/** SHOW heads its column as PostgreSQL spells the setting. */
export function showName(name: string): string {
  const special: { readonly [name: string]: string } = {
    timezone: 'TimeZone',
    datestyle: 'DateStyle',
    intervalstyle: 'IntervalStyle',
  };
  return special[name] ?? name;
}

/** SET. */
export function set(session: Session, node: SetStatement): string {
  if (node.scope === 'local' && !session.isInBlock) {
    session.notice({ severity: 'WARNING', code: '25P01', message: 'SET LOCAL can only be used in transaction blocks' });
  }
  if (node.name === 'transaction_isolation' || node.name === 'transaction_read_only') {
    const text = node.values?.[0]?.value ?? '';
    if (node.name === 'transaction_isolation') {
      applyModes(session, {
        isolation: text.toLowerCase() as TransactionModes['isolation'],
        readOnly: null,
        deferrable: null,
      });
    } else applyModes(session, { isolation: null, readOnly: text === 'on' || text === 'true', deferrable: null });
    return 'SET';
  }
  if (node.name === RETENTION) {
    setRetention(session, node.values);
    return 'SET';
  }
  session.settings.setValues(node.name, node.values, {
    isLocal: node.scope === 'local',
    isSuperuser: session.role.maySet(node.name),
    isInterval: node.interval !== null,
  });
  leaveRole(session.settings, node.name, node.scope === 'local');
  return 'SET';
}

/** RESET of one setting, or (null) of all. */
export function reset(session: Session, name: string | null): string {
  const { settings, role } = session;
  if (name === null) settings.resetAll();
  else if (name === RETENTION) setRetention(session, null);
  else {
    settings.reset(name, { isSuperuser: role.maySet(name) });
    leaveRole(settings, name, false);
  }
  return 'RESET';
}

const RETENTION = 'version_retention';

/** For the whole server, at once: there is no ROLLBACK for it. */
function setRetention(session: Session, values: SetStatement['values']): void {
  if (!session.isSuperuser) throw sqlError('42501', `permission denied to set parameter "${RETENTION}"`);
  if (session.transaction.isBlock) {
    throw sqlError('25001', `parameter "${RETENTION}" cannot be set inside a transaction block`);
  }
  if (values !== null && values.length > 1) throw sqlError('22023', `SET ${RETENTION} takes only one argument`);
  session.server.setVersionRetention(values === null ? null : values[0].value);
}

/** SHOW of one setting, or (null) of all. */
export function show(session: Session, name: string | null, isSimple: boolean, formats: readonly number[]): void {
  if (name === null) {
    const fields = [textField('name'), textField('setting'), textField('description')];
    const rows = session.settings.showAll().map((s) => [s.name, s.setting, s.description]);
    sendRows(session, fields, rows, isSimple, formats);
    return;
  }
  sendRows(session, [textField(showName(name))], [[session.settings.show(name)]], isSimple, formats);
}

/** DISCARD. */
export function discard(session: Session, target: 'all' | 'plans' | 'sequences' | 'temp'): string {
  if (target === 'all') {
    session.checkAlone('DISCARD ALL');
    session.settings.resetAll();
    session.statements.prepared.clear();
    session.cursors.close({ kind: 'close', cursor: null, position: -1 });
    session.functions.advisoryUnlockAll();
    session.server.notifications.unlisten(session, session.database.oid, null);
    session.functions.forgetSequences();
    session.settings.reset('session_authorization');
    leaveRole(session.settings, 'session_authorization', false);
  } else if (target === 'sequences') session.functions.forgetSequences();
  return `DISCARD ${target.toUpperCase()}`;
}
