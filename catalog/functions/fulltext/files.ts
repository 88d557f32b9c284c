/**
 * Files of dictionaries: lists of stop words, synonyms, phrases, affixes and words, rules. They are read when a dictionary is made or
 * altered, and kept with it in the catalog: so forks, copies and backups have them, and a row has the same lexemes after a restart.
 */
import { Buffer } from 'node:buffer';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { sqlError } from '../../../types/index.ts';
import { STOP_WORDS } from './stop-words.ts';
import { UNACCENT_RULES } from './unaccent-rules.ts';

export interface FileSource {
  /** null: there is no such file. */
  read(name: string): string | null;
  /** What messages call it. */
  path(name: string): string;
}

/** What the program itself has, for those who name it and have no file of the name. */
function builtInFile(name: string): string | null {
  if (name === 'unaccent.rules') return unaccentRules();
  const words = name.endsWith('.stop') ? STOP_WORDS[name.slice(0, -'.stop'.length)] : undefined;
  return words?.trim().replaceAll(/\s+/g, '\n') ?? null;
}

/** As a file has them: a line for each character, with what it becomes. */
function unaccentRules(): string {
  const lines = UNACCENT_RULES.slice(1, -1).split('\n');
  return lines
    .flatMap((line) => {
      const blank = line.indexOf(' ');
      return Array.from(line.slice(blank + 1), (character) => `${character} ${line.slice(0, blank)}`);
    })
    .join('\n');
}

/** Files that an entry keeps. */
export function keptFiles(files: Readonly<Record<string, string>>): FileSource {
  return {
    path: (name) => name,
    read(name) {
      const kept = files[name];
      if (kept === undefined) return builtInFile(name);
      return inflateRawSync(Buffer.from(kept, 'base64')).toString('utf8');
    },
  };
}

/** Files of a folder, of which `kept` collects what an entry has to keep. `load`: null: there is no such file. */
export function folderFiles(
  folder: string,
  load: (path: string) => Uint8Array | null,
  kept: Record<string, string>,
): FileSource {
  const path = (name: string): string => `${folder}/${name}`;
  return {
    path,
    read(name) {
      const bytes = load(path(name));
      if (bytes === null) return builtInFile(name);
      const text = decode(bytes, path(name));
      kept[name] = deflateRawSync(text).toString('base64');
      return text;
    },
  };
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw sqlError('22021', `invalid byte sequence for encoding "UTF8" in file "${path}"`);
  }
}

/** The text of a file that an option names; F0000 where there is none. `kind`: what the message calls it. */
export function readFile(files: FileSource, baseName: string, extension: string, kind: string): string {
  if (/[^a-z0-9_]/.test(baseName)) {
    throw sqlError('22023', `invalid text search configuration file name "${baseName}"`);
  }
  const name = `${baseName}.${extension}`;
  const text = files.read(name);
  if (text === null) {
    throw sqlError('F0000', `could not open ${kind} file "${files.path(name)}": No such file or directory`);
  }
  return text;
}

/** The lines of a file, without their ends. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** Words of a .stop file: the first of each line. */
export function readStopWords(
  files: FileSource,
  baseName: string,
  lower: (word: string) => string,
): ReadonlySet<string> {
  if (baseName === '') return new Set();
  const words = linesOf(readFile(files, baseName, 'stop', 'stop-word')).map((line) => line.split(/\s/u)[0]);
  return new Set(words.filter((word) => word !== '').map(lower));
}
