/** Dictionaries and posting lists. See README.md. */
export { atLeastSet } from './at-least-set.ts';
export { CURSOR_END, IndexCursor } from './cursor.ts';
export { Dictionary } from './dictionary.ts';
export { DictionaryBuilder, type SameKey } from './dictionary-builder.ts';
export { ImageBuffer, type ImageIdentity } from './dictionary-image.ts';
export { DictionaryLoader } from './dictionary-loader.ts';
export { HashDictionary } from './hash-dictionary.ts';
export { ImageReader } from './image-reader.ts';
export { ImageWriter } from './image-writer.ts';
export { IndexKey } from './index-key.ts';
export { IndexMemory } from './index-memory.ts';
export { HEAD_SIZE, headOf, KEY_SIZE_MAX } from './key-arena.ts';
export { cursorOf } from './layered-cursor.ts';
export { type IndexDictionary, LayeredDictionary } from './layered-dictionary.ts';
export { NumberSort } from './number-sort.ts';
export { OrderedDictionary } from './ordered-dictionary.ts';
export { PostingLists } from './posting-lists.ts';
export {
  andNotSet,
  andSet,
  emptySet,
  keySet,
  orSet,
  PostingCounter,
  PostingReader,
  type PostingSet,
  PostingSummary,
  rangeSet,
} from './posting-set.ts';
export type { RowGroup } from './row-group.ts';
