/** The template synonym: words with what stands for them, a line each of a .syn file. After: PostgreSQL, tsearch/dict_synonym.c. */
import { sqlError, toLower } from '../../../../types/index.ts';
import { type Lexeme, lexeme, wordDictionary } from '../dictionary.ts';
import { linesOf, readFile } from '../files.ts';
import { type DictionaryMaker, flagOf, missing } from '../options.ts';

export const synonym: DictionaryMaker = (oid, options, { files }) => {
  let fileName: string | null = null;
  let isCaseSensitive = false;
  // The last of several counts.
  for (const { name, value } of options) {
    if (name === 'synonyms') fileName = value;
    else if (name === 'casesensitive') isCaseSensitive = flagOf(name, value);
    else throw sqlError('22023', `unrecognized synonym parameter: "${name}"`);
  }
  if (fileName === null) throw missing('Synonyms');
  const folded = (word: string): string => (isCaseSensitive ? word : toLower(word));
  const synonyms = new Map<string, readonly Lexeme[]>();
  for (const line of linesOf(readFile(files, fileName, 'syn', 'synonym'))) {
    const [word, substitute] = line.trim().split(/\s+/u);
    // Lines of one word say nothing; of several for one word, any counts: the first.
    if (substitute === undefined || synonyms.has(folded(word))) continue;
    const isPrefix = substitute.endsWith('*');
    const text = folded(isPrefix ? substitute.slice(0, -1) : substitute);
    synonyms.set(folded(word), [{ ...lexeme(text), isPrefix }]);
  }
  return wordDictionary(oid, (word) => synonyms.get(folded(word)) ?? null);
};
