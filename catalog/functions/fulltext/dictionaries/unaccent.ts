/** The template unaccent of the extension of that name: a filter that replaces characters. After: PostgreSQL, contrib/unaccent. */
import { lexeme } from '../dictionary.ts';
import { linesOf, readFile } from '../files.ts';
import { type DictionaryMaker, missing, optionsOf } from '../options.ts';

/** What a text becomes; null: nothing in it is replaced. */
export type Replacer = (text: string) => string | null;

/** Lines of a text and what replaces it; of the text alone: it goes. The first of several for one text counts. */
function replacerOf(rules: string): Replacer {
  const targets = new Map<string, string>();
  let longest = 0;
  for (const line of linesOf(rules)) {
    const [source, target = '', ...more] = line.trim().split(/\s+/u);
    if (source === '' || more.length > 0 || targets.has(source)) continue;
    targets.set(source, target);
    longest = Math.max(longest, source.length);
  }
  return (text) => {
    let result = '';
    let copied = 0;
    for (let at = 0; at < text.length; ) {
      let length = Math.min(longest, text.length - at);
      while (length > 0 && !targets.has(text.slice(at, at + length))) length--;
      if (length === 0) {
        at++;
        continue;
      }
      result += text.slice(copied, at) + (targets.get(text.slice(at, at + length)) as string);
      at += length;
      copied = at;
    }
    return copied === 0 ? null : result + text.slice(copied);
  };
}

export const unaccent: DictionaryMaker = (oid, options, { files }) => {
  const { rules } = optionsOf(options, { rules: 'Rules' }, 'Unaccent');
  if (rules === undefined) throw missing('Rules');
  const replace = replacerOf(readFile(files, rules, 'rules', 'unaccent'));
  return {
    oid,
    lexize(word) {
      const text = replace(word);
      return text === null ? null : [lexeme(text)];
    },
    isFilter: true,
    phrases: null,
  };
};
