/** Terms of a row on their way into a dictionary. */
import type { IndexKey, OrderedDictionary } from '../../storage/api.ts';
import type { TermSink } from './terms.ts';

export class DictionarySink implements TermSink {
  #dictionary: OrderedDictionary | null = null;
  #rowId = 0;

  start(dictionary: OrderedDictionary, rowId: number): void {
    this.#dictionary = dictionary;
    this.#rowId = rowId;
  }

  add(key: IndexKey): void {
    this.#dictionary?.insert(key, this.#rowId);
  }
}
