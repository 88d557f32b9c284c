/** Terms of a row on their way into a dictionary. */
import type { Dictionary, IndexKey } from '../../storage/api.ts';
import type { TermSink } from './terms.ts';

export class DictionarySink implements TermSink {
  #dictionary: Dictionary | null = null;
  #rowId = 0;

  start(dictionary: Dictionary, rowId: number): void {
    this.#dictionary = dictionary;
    this.#rowId = rowId;
  }

  add(key: IndexKey): void {
    this.#dictionary?.insert(key, this.#rowId);
  }
}
