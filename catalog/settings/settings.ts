/**
 * The settings of a server and of its sessions.
 *
 * A session's setting has a value for the session and perhaps one for the running transaction (SET LOCAL), which hides it.
 * Each change within a transaction is noted in an undo list; a savepoint is a length of that list.
 *
 *     SET            session = new, local = none          undo: what both were
 *     SET LOCAL      local = new                          undo: what both were
 *     COMMIT         local values go, the list is emptied
 *     ROLLBACK [TO]  the list is undone from its end
 *
 * Changes are told to the one `changed` hook by name whenever the value that counts has become another, whatever the cause.
 */
import { type Encoding, encodingNamed } from '../../types/encodings/index.ts';
import { sqlError } from '../../types/errors.ts';
import { DEFAULT_FORMAT, type FormatSettings, type IntervalStyle } from '../../types/settings.ts';
import { quoteIdentifier } from '../functions/quote.ts';
import { checkString, checkTimeZone, encodingName, parseDateStyle, splitNameList } from './checks.ts';
import {
  customDefinition,
  REPORTED_SETTINGS,
  type SettingDefinition,
  type SettingRaw,
  settingDefinition,
  settingDefinitions,
} from './definition.ts';
import { formatPlainValue, formatValue, parseValue } from './value.ts';

/** Where a value came from, as pg_settings.source. */
export type SettingSource =
  | 'default'
  | 'configuration file'
  | 'command line'
  | 'database'
  | 'user'
  | 'database user'
  | 'client'
  | 'override'
  | 'session';

/** One value of SET, as the parser gives it. */
export interface SettingWord {
  readonly kind: 'word' | 'string' | 'integer' | 'numeric';
  readonly value: string;
}

interface SettingState {
  readonly definition: SettingDefinition;
  session: SettingRaw;
  /** Undefined: no SET LOCAL. */
  local: SettingRaw | undefined;
  /** Of the session's value. */
  source: SettingSource;
  /** Of the local one. */
  localSource: SettingSource;
  /** What RESET goes back to. */
  reset: SettingRaw;
  resetSource: SettingSource;
}

type InitialStates = Map<string, Readonly<SettingState>>;

interface UndoStep {
  readonly state: SettingState;
  readonly session: SettingRaw;
  readonly local: SettingRaw | undefined;
  readonly source: SettingSource;
  readonly localSource: SettingSource;
}

/** What the session adds: settings whose truth is elsewhere, and consequences of changes. */
export interface SettingsHooks {
  /** The text of a setting that the session knows better (transaction_isolation, is_superuser); undefined: none of these. */
  show?(name: string): string | undefined;
  /** May refuse a new value (25001, 42501 ...) or answer another; called before it is set by SET, with the parsed value. */
  check?(name: string, value: SettingRaw): SettingRaw;
  changed?(name: string): void;
}

export interface SetOptions {
  readonly isLocal?: boolean;
  /** The session's user may set settings of context superuser. */
  readonly isSuperuser?: boolean;
  /** SET TIME ZONE INTERVAL: the text is an interval's. */
  readonly isInterval?: boolean;
}

export interface SettingRow {
  readonly name: string;
  readonly setting: string;
  readonly unit: string | null;
  readonly definition: SettingDefinition;
  readonly source: SettingSource;
  readonly bootValue: string;
  readonly resetValue: string;
}

const CUSTOM_NAME =
  /^[A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]*(?:\.[A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]*)+$/;

function unrecognized(name: string): Error {
  return sqlError('42704', `unrecognized configuration parameter "${name}"`);
}

/** Values that all sessions start with: defaults, configuration file, command line. */
export class ServerSettings {
  readonly #values = new Map<string, { raw: SettingRaw; source: SettingSource }>();
  #initial: InitialStates = new Map();

  /** What a session that begins now shares with others: what it has not set. By name in lower case, made when first asked for. */
  get initial(): InitialStates {
    return this.#initial;
  }

  /** For the server's start and for reloads: whatever its context, but checked. Throws PostgreSQL's errors. */
  set(name: string, text: string, source: SettingSource = 'configuration file'): void {
    const definition = settingDefinition(name) ?? customDefinitionOrThrow(name);
    const current = formatValue(definition, this.raw(definition.name));
    const parsed = parseValue(definition, name, text);
    const raw =
      typeof parsed === 'string' && definition.type === 'string'
        ? checkString(definition.name, parsed, current, String(definition.default))
        : parsed;
    this.#values.set(definition.name.toLowerCase(), { raw, source });
    this.#initial = new Map();
  }

  raw(name: string): SettingRaw {
    const found = this.#values.get(name.toLowerCase());
    return found === undefined ? (settingDefinition(name)?.default ?? '') : found.raw;
  }

  source(name: string): SettingSource {
    return this.#values.get(name.toLowerCase())?.source ?? 'default';
  }

  /** As SHOW prints it; 42704 for unknown names. */
  show(name: string): string {
    const definition = settingDefinition(name) ?? customDefinitionOrThrow(name);
    return formatValue(definition, this.raw(definition.name));
  }

  /** In the setting's base unit. */
  number(name: string): number {
    return this.raw(name) as number;
  }

  boolean(name: string): boolean {
    return this.raw(name) as boolean;
  }

  /** Names of custom settings (with a dot) that were given. */
  customNames(): string[] {
    return [...this.#values.keys()].filter((name) => name.includes('.'));
  }
}

function customDefinitionOrThrow(name: string): SettingDefinition {
  if (!name.includes('.')) throw unrecognized(name);
  if (!CUSTOM_NAME.test(name)) {
    throw sqlError('42602', `invalid configuration parameter name "${name}"`, {
      detail: 'Custom parameter names must be two or more simple identifiers separated by dots.',
    });
  }
  return customDefinition(name);
}

export class Settings {
  /** Grows with every change of any value. */
  version = 0;
  /** What text conversions read; its fields follow the settings. The session sets `now` and `names`. */
  readonly format: { -readonly [Field in keyof FormatSettings]: FormatSettings[Field] } = { ...DEFAULT_FORMAT };
  /** client_encoding; null: UTF-8. */
  clientEncoding: Encoding | null = null;
  readonly #server: ServerSettings;
  readonly #hooks: SettingsHooks;
  readonly #initial: InitialStates;
  /** By name in lower case: what has been set, and what is known here only. */
  readonly #states = new Map<string, SettingState>();
  readonly #undo: UndoStep[] = [];
  /** Reported settings that may have changed since takeReports(), and what was told last. */
  readonly #toReport = new Set<string>();
  readonly #told = new Map<string, string>();

  constructor(server: ServerSettings, hooks: SettingsHooks = {}) {
    this.#server = server;
    this.#initial = server.initial;
    this.#hooks = hooks;
    for (const name of [
      'DateStyle',
      'IntervalStyle',
      'TimeZone',
      'extra_float_digits',
      'bytea_output',
      'client_encoding',
    ]) {
      this.#follow(name);
    }
    for (const name of server.customNames()) if (this.#find(name) === undefined) this.#create(name);
  }

  // ------------------------------------------------------------------------------------------------------- reading

  /** As SHOW prints it. 42704 for unknown names. */
  show(name: string): string {
    const state = this.#find(name);
    if (state === undefined) throw unrecognized(name);
    return this.#hooks.show?.(state.definition.name) ?? formatValue(state.definition, effectiveValue(state));
  }

  /** What `show` says when nobody has set it. */
  bootValue(name: string): string {
    const state = this.#find(name);
    if (state === undefined) throw unrecognized(name);
    return formatValue(state.definition, state.definition.default);
  }

  /** current_setting(name, true): null when there is no such setting. */
  showOrNull(name: string): string | null {
    return this.#find(name) === undefined ? null : this.show(name);
  }

  /** The kept form: boolean, number in base units, or string. The name must exist. */
  raw(name: string): SettingRaw {
    const state = this.#find(name);
    if (state === undefined) throw unrecognized(name);
    return effectiveValue(state);
  }
  number(name: string): number {
    return this.raw(name) as number;
  }
  boolean(name: string): boolean {
    return this.raw(name) as boolean;
  }
  text(name: string): string {
    return String(this.raw(name));
  }
  /** search_path and other lists, without quotes. */
  names(name: string): string[] {
    return splitNameList(this.text(name)) ?? [];
  }

  /** SHOW ALL. */
  showAll(): { name: string; setting: string; description: string }[] {
    return this.#allStates().map((state) => ({
      name: state.definition.name,
      setting: this.show(state.definition.name),
      description: state.definition.description,
    }));
  }

  /** For pg_settings. */
  rows(): SettingRow[] {
    return this.#allStates().map((state) => {
      const { definition } = state;
      return {
        name: definition.name,
        setting: this.#hooks.show?.(definition.name) ?? formatPlainValue(definition, effectiveValue(state)),
        unit: definition.unit === '' ? null : definition.unit,
        definition,
        source: state.local === undefined ? state.source : state.localSource,
        bootValue: formatPlainValue(definition, definition.default),
        resetValue: formatPlainValue(definition, state.reset),
      };
    });
  }

  // -------------------------------------------------------------------------------------------------------- setting

  /** SET [LOCAL] name = values; null is DEFAULT. The statement's values are joined as PostgreSQL joins them. */
  setValues(name: string, values: readonly SettingWord[] | null, options: SetOptions = {}): void {
    if (values === null) {
      this.reset(name, options);
      return;
    }
    const definition = settingDefinition(name);
    if (values.length > 1 && definition?.isList !== true) {
      throw sqlError('22023', `SET ${name} takes only one argument`);
    }
    const quote = definition?.isQuotedList === true;
    const text = values.map((value) =>
      quote && value.kind !== 'integer' ? quoteIdentifier(value.value) : value.value,
    );
    this.set(name, text.join(', '), options);
  }

  set(name: string, text: string, options: SetOptions = {}): void {
    const state = this.#own(name);
    this.#checkContext(state.definition, name, options.isSuperuser ?? true);
    this.#assign(state, this.#parse(state, name, text, options), options.isLocal === true, 'session');
  }

  /** RESET name, SET name TO DEFAULT. */
  reset(name: string, options: SetOptions = {}): void {
    if (this.#find(name) === undefined) throw unrecognized(name);
    const state = this.#own(name);
    this.#checkContext(state.definition, name, options.isSuperuser ?? true);
    const value = this.#hooks.check?.(state.definition.name, state.reset) ?? state.reset;
    this.#assign(state, value, options.isLocal === true, state.resetSource);
  }

  resetAll(): void {
    for (const state of this.#states.values()) {
      const { context, isKeptByResetAll } = state.definition;
      if (isKeptByResetAll || (context !== 'user' && context !== 'superuser')) continue;
      if (state.session !== state.reset || state.local !== undefined) {
        this.#assign(state, state.reset, false, state.resetSource);
      }
    }
  }

  /** At the session's start: a value that RESET goes back to (startup packet, ALTER ROLE/DATABASE ... SET). */
  setInitial(name: string, text: string, source: SettingSource, isSuperuser = true): void {
    const state = this.#own(name);
    const { context } = state.definition;
    if (context !== 'backend' && context !== 'superuser-backend')
      this.#checkContext(state.definition, name, isSuperuser);
    const value = this.#parse(state, name, text, {});
    state.session = state.reset = value;
    state.source = state.resetSource = source;
    this.#afterChange(state);
  }

  /** For values that the session itself decides (session_authorization at its start): no context, no undo. */
  override(name: string, text: string): void {
    const state = this.#own(name);
    const value = parseValue(state.definition, name, text);
    state.session = state.reset = value;
    state.source = state.resetSource = 'override';
    this.#afterChange(state);
  }

  // --------------------------------------------------------------------------------------------------- transactions

  /** A savepoint: for rollbackTo. */
  mark(): number {
    return this.#undo.length;
  }

  rollbackTo(mark: number): void {
    while (this.#undo.length > mark) {
      const { state, session, local, source, localSource } = this.#undo.pop() as UndoStep;
      const before = effectiveValue(state);
      state.session = session;
      state.local = local;
      state.source = source;
      state.localSource = localSource;
      if (effectiveValue(state) !== before) this.#afterChange(state);
    }
  }

  rollback(): void {
    if (this.#undo.length > 0) this.rollbackTo(0);
  }

  commit(): void {
    if (this.#undo.length === 0) return;
    for (const { state } of this.#undo) {
      if (state.local === undefined) continue;
      const before = state.local;
      state.local = undefined;
      if (state.session !== before) this.#afterChange(state);
    }
    this.#undo.length = 0;
  }

  // ------------------------------------------------------------------------------------------------------ reporting

  /** All reported settings, for the session's start. */
  *reported(): IterableIterator<readonly [name: string, value: string]> {
    this.#toReport.clear();
    for (const name of REPORTED_SETTINGS) {
      const value = this.show(name);
      this.#told.set(name, value);
      yield [name, value];
    }
  }

  /** Has something that is reported perhaps changed? Cheap. */
  get hasReports(): boolean {
    return this.#toReport.size > 0;
  }

  /** What ParameterStatus has to tell since the last call. */
  takeReports(): (readonly [name: string, value: string])[] {
    const changes: (readonly [string, string])[] = [];
    for (const name of this.#toReport) {
      const value = this.show(name);
      if (this.#told.get(name) === value) continue;
      this.#told.set(name, value);
      changes.push([name, value]);
    }
    this.#toReport.clear();
    return changes;
  }

  // ----------------------------------------------------------------------------------------------------------- inner

  /** Made when a name is first asked for. */
  #find(name: string): Readonly<SettingState> | undefined {
    let known: Readonly<SettingState> | undefined = this.#states.get(name) ?? this.#initial.get(name);
    if (known !== undefined) return known;
    const lower = name.toLowerCase();
    known = this.#states.get(lower) ?? this.#initial.get(lower);
    if (known !== undefined) return known;
    const definition = settingDefinition(name);
    if (definition === undefined) return undefined;
    known = this.#begin(definition, name);
    this.#initial.set(lower, known);
    return known;
  }

  #begin(definition: SettingDefinition, name: string): SettingState {
    const value = this.#server.raw(name);
    const source = this.#server.source(name);
    return {
      definition,
      session: value,
      local: undefined,
      source,
      localSource: source,
      reset: value,
      resetSource: source,
    };
  }

  /** The session's own, to be changed. */
  #own(name: string): SettingState {
    const lower = name.toLowerCase();
    const known = this.#states.get(lower);
    if (known !== undefined) return known;
    const initial = this.#find(name);
    if (initial === undefined) return this.#create(name);
    const state = { ...initial };
    this.#states.set(lower, state);
    return state;
  }

  #create(name: string): SettingState {
    const state = this.#begin(customDefinitionOrThrow(name), name);
    this.#states.set(state.definition.name.toLowerCase(), state);
    return state;
  }

  #allStates(): Readonly<SettingState>[] {
    const all = new Map<string, Readonly<SettingState>>();
    for (const { name } of settingDefinitions()) all.set(name.toLowerCase(), this.#find(name) as SettingState);
    for (const [name, state] of this.#states) all.set(name, state);
    return [...all.values()]
      .filter((state) => !state.definition.isHidden)
      .sort((a, b) => (a.definition.name.toLowerCase() < b.definition.name.toLowerCase() ? -1 : 1));
  }

  #checkContext(definition: SettingDefinition, name: string, isSuperuser: boolean): void {
    switch (definition.context) {
      case 'internal':
        throw sqlError('55P02', `parameter "${name}" cannot be changed`);
      case 'postmaster':
        throw sqlError('55P02', `parameter "${name}" cannot be changed without restarting the server`);
      case 'sighup':
        throw sqlError('55P02', `parameter "${name}" cannot be changed now`);
      case 'backend':
      case 'superuser-backend':
        throw sqlError('55P02', `parameter "${name}" cannot be set after connection start`);
      case 'superuser':
        if (!isSuperuser) throw sqlError('42501', `permission denied to set parameter "${name}"`);
        return;
      default:
        return;
    }
  }

  #parse(state: SettingState, name: string, text: string, options: SetOptions): SettingRaw {
    const { definition } = state;
    let value = parseValue(definition, name, text);
    if (definition.type === 'string' && typeof value === 'string') {
      value =
        options.isInterval === true
          ? checkTimeZone(value, true)
          : checkString(definition.name, value, String(effectiveValue(state)), String(state.reset));
    }
    if (definition.name === 'default_with_oids' && value === true) {
      throw sqlError('0A000', 'tables declared WITH OIDS are not supported');
    }
    return this.#hooks.check?.(definition.name, value) ?? value;
  }

  #assign(state: SettingState, value: SettingRaw, isLocal: boolean, source: SettingSource): void {
    const before = effectiveValue(state);
    const { session, local, source: sessionSource, localSource } = state;
    this.#undo.push({ state, session, local, source: sessionSource, localSource });
    if (isLocal) {
      state.local = value;
      state.localSource = source;
    } else {
      state.session = value;
      state.local = undefined;
      state.source = source;
    }
    if (value !== before) this.#afterChange(state);
  }

  #afterChange(state: SettingState): void {
    this.version++;
    const { name, isReported } = state.definition;
    if (isReported) this.#toReport.add(name);
    // Whose rights these are is another matter then.
    if (name === 'role' || name === 'session_authorization') this.#toReport.add('is_superuser');
    this.#follow(name);
    this.#hooks.changed?.(name);
  }

  /** Keeps current what is asked for often. */
  #follow(name: string): void {
    const { format } = this;
    switch (name) {
      case 'DateStyle': {
        const { style, order } = parseDateStyle(this.text(name));
        format.dateStyle = style;
        format.dateOrder = order;
        return;
      }
      case 'IntervalStyle':
        format.intervalStyle = this.text(name) as IntervalStyle;
        return;
      case 'TimeZone':
        format.timeZone = this.text(name);
        return;
      case 'extra_float_digits':
        format.extraFloatDigits = this.number(name);
        return;
      case 'bytea_output':
        format.byteaOutput = this.text(name) as 'hex' | 'escape';
        return;
      case 'client_encoding':
        this.clientEncoding = encodingNamed(encodingName(this.text(name)) ?? '');
        return;
      case 'xmloption':
        format.xmlOption = this.text(name) as 'content' | 'document';
        return;
      case 'xmlbinary':
        format.xmlBinary = this.text(name) as 'base64' | 'hex';
        return;
      default:
        return;
    }
  }
}

function effectiveValue(state: SettingState): SettingRaw {
  return state.local ?? state.session;
}
