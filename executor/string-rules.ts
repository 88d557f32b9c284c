/** How a session's texts are scanned where its settings ask for other than standard string literals. */
import type { StringRules } from '../parser/index.ts';
import type { Session } from './session.ts';

export class SessionStrings {
  readonly #session: Session;
  #settingsVersion = -1;
  #rules: StringRules | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Undefined for the standard, under which alone plans are found by their text or its shape. */
  get rules(): StringRules | undefined {
    const { version } = this.#session.settings;
    if (version !== this.#settingsVersion) {
      this.#settingsVersion = version;
      this.#rules = this.#read();
    }
    return this.#rules;
  }

  #read(): StringRules | undefined {
    const { settings } = this.#session;
    const isConforming = settings.boolean('standard_conforming_strings');
    const allowsBackslashQuote = settings.text('backslash_quote') !== 'off';
    if (isConforming && allowsBackslashQuote) return undefined;
    const onEscape = (message: string, hint: string, position: number): void =>
      this.#session.notice({ severity: 'WARNING', code: '22P06', message, hint, position });
    return {
      isConforming,
      allowsBackslashQuote,
      onEscape: settings.boolean('escape_string_warning') ? onEscape : null,
    };
  }
}
