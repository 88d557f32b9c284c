/** A session's settings: those that show its state, what it may set, and where it begins. */
import { quoteIdentifier } from '../catalog/functions/quote.ts';
import { splitQualifiedName } from '../catalog/qualified-name.ts';
import { encodingName, Settings } from '../catalog/settings.ts';
import { findSearchEntry } from '../catalog/text-search.ts';
import { isConvertible } from '../types/encodings/index.ts';
import { SqlError, sqlError } from '../types/errors.ts';
import { checkTimeText } from './past.ts';
import type { Session } from './session.ts';
import { checkAuthorization } from './session-authorization.ts';

/** The settings of a session that is being made. */
export function settingsOf(session: Session): Settings {
  const settings = new Settings(session.server.settings, {
    show: (name) => shownSetting(session, name),
    check: (name, value) => {
      checkAuthorization(session.role, name, value);
      if (name === 'as_of_system_time') checkTimeText(String(value), settings.format);
      if (name === 'default_text_search_config') return searchConfigurationName(session, String(value));
      return value;
    },
    changed: (name) => {
      if (name === 'client_encoding') session.sink.encoding = settings.clientEncoding;
    },
  });
  session.sink.encoding = settings.clientEncoding;
  return settings;
}

/** With its schema; 22023 where there is none. */
function searchConfigurationName(session: Session, text: string): string {
  const { catalog } = session;
  const found = findSearchEntry(catalog, 'searchConfiguration', splitQualifiedName(text), session.searchPath(true));
  if (found === undefined)
    throw sqlError('22023', `invalid value for parameter "default_text_search_config": "${text}"`);
  return `${quoteIdentifier(catalog.schemaName(found.schemaOid))}.${quoteIdentifier(found.name)}`;
}

/** What its role and database, and its client, ask for. */
export function applyInitialSettings({ settings, database, identity, role }: Session): void {
  const shared = database.shared.catalog;
  settings.override('session_authorization', identity.user);
  for (const entry of shared.settingsFor(database.settingsOid, shared.roleByName(identity.user)?.oid ?? 0)) {
    try {
      settings.setInitial(entry.name, entry.value, 'database');
    } catch (error) {
      // What a setting names may have gone since it was given.
      if (!(error instanceof SqlError) || error.code !== '22023') throw error;
    }
  }
  for (const [name, value] of identity.options) {
    checkInitialEncoding(name, value);
    settings.setInitial(name, value, 'client', role.maySet(name));
  }
}

/** At the start there are words of its own for an encoding that is known and cannot be had. */
function checkInitialEncoding(setting: string, value: string): void {
  const name = setting === 'client_encoding' ? encodingName(value) : null;
  if (name === null || isConvertible(name)) return;
  throw sqlError('0A000', `conversion between ${name} and UTF8 is not supported`);
}

/** Settings whose value is a state; undefined for all others. */
function shownSetting({ transaction, settings, server, role }: Session, name: string): string | undefined {
  switch (name) {
    case 'transaction_isolation':
      return transaction.isBlock ? transaction.isolation : settings.show('default_transaction_isolation');
    case 'transaction_read_only':
      // Before a statement has begun one of its own it is as that will be.
      if (!transaction.isBlock && transaction.txn === null) return settings.show('default_transaction_read_only');
      return transaction.isReadOnly ? 'on' : 'off';
    case 'transaction_deferrable':
      if (!transaction.isBlock) return settings.show('default_transaction_deferrable');
      return transaction.isDeferrable ? 'on' : 'off';
    case 'version_retention':
      return server.settings.show(name);
    case 'is_superuser':
      return role.isSuperuser ? 'on' : 'off';
    default:
      return undefined;
  }
}
