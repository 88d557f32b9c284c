/** What the commands backup and restore share: their words, their messages, and what they do when they fail or are told to stop. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SqlError } from '../../types/errors.ts';

/** A mistake in the command's words: its usage is printed, too. */
export class WordsError extends Error {}

export interface Words {
  /** Of options with a value. */
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  readonly rest: readonly string[];
}

/** `--name value`, `--name=value`, `-D value` for the names in `valued`; `--name` for those in `flags`. */
export function readWords(words: readonly string[], valued: readonly string[], flags: readonly string[]): Words {
  const values = new Map<string, string>();
  const found = new Set<string>();
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    if (valued.includes(name)) {
      const value = equals < 0 ? words[++i] : word.slice(equals + 1);
      if (value === undefined || value === '') throw new WordsError(`option ${name} needs a value`);
      values.set(name, value);
    } else if (flags.includes(word)) found.add(word);
    else if (word.startsWith('-')) throw new WordsError(`invalid argument: "${word}"`);
    else rest.push(word);
  }
  return { values, flags: found, rest };
}

export function describeError(error: SqlError): string {
  const { detail, hint } = error.fields;
  const lines = [`hotrow: ${error.message}`];
  if (detail) lines.push(`DETAIL:  ${detail}`);
  if (hint) lines.push(`HINT:  ${hint}`);
  return `${lines.join('\n')}\n`;
}

/** What the work does about a signal that is to end it. */
export interface SignalWatch {
  /** To be called now and then: throws when a signal has come. */
  readonly check: () => void;
  /** For work that waits: called when one comes; what it fails with then does not matter. */
  onSignal: () => void;
}

/** Makes a folder's content, or leaves it as it was: `work` fills the folder; if it fails, or a signal ends it, what it made goes. */
export async function fillFolder<T>(folder: string, work: (watch: SignalWatch) => Promise<T>): Promise<T> {
  const wasThere = existsSync(folder);
  const wasEmpty = !wasThere || readdirSync(folder).length === 0;
  let signal: string | null = null;
  const ended = (): SqlError => new SqlError('57014', `ended by ${signal}`);
  const watch: SignalWatch = {
    check: () => {
      if (signal !== null) throw ended();
    },
    onSignal: () => {},
  };
  const onSignal = (name: string): void => {
    signal = name;
    watch.onSignal();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work(watch);
  } catch (error) {
    if (wasEmpty && existsSync(folder)) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
      if (!wasThere) rmSync(folder, { recursive: true, force: true });
    }
    throw signal === null ? error : ended();
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
