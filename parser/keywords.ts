/**
 * PostgreSQL 15's keywords (src/include/parser/kwlist.h) with its four classes, in alphabetical order: the order of the
 * constants from FIRST_KEYWORD on in token-types.ts. After the colon: c column name keyword, t type or function name
 * keyword, r reserved, nothing unreserved; `!` cannot be a column label without AS.
 */
import {
  BARE_COL_LABEL,
  COL_ID,
  COL_LABEL,
  FIRST_KEYWORD,
  IDENT,
  NOT,
  NOT_LA,
  NULLS,
  NULLS_LA,
  TOKEN_TYPE_COUNT,
  TYPE_FUNCTION_NAME,
  WITH,
  WITH_LA,
} from './token-types.ts';

const KEYWORD_TABLE = `
abort absolute access action add admin after aggregate all:r also alter always analyse:r analyze:r and:r any:r
array:r! as:r! asc:r asensitive assertion assignment asymmetric:r at atomic attach attribute authorization:t
backward before begin between:c bigint:c binary:t bit:c boolean:c both:r breadth by cache call called cascade
cascaded case:r cast:r catalog chain char:c! character:c! characteristics check:r checkpoint class close
cluster coalesce:c collate:r collation:t column:r columns comment comments commit committed compression
concurrently:t configuration conflict connection constraint:r constraints content continue conversion copy cost
create:r! cross:t csv cube current current_catalog:r current_date:r current_role:r current_schema:t
current_time:r current_timestamp:r current_user:r cursor cycle data database day:! deallocate dec:c decimal:c
declare default:r defaults deferrable:r deferred definer delete delimiter delimiters depends depth desc:r
detach dictionary disable discard distinct:r do:r document domain double drop each else:r enable encoding
encrypted end:r enum escape event except:r! exclude excluding exclusive execute exists:c explain expression
extension external extract:c false:r family fetch:r! filter:! finalize first float:c following for:r! force
foreign:r forward freeze:t from:r! full:t function functions generated global grant:r! granted greatest:c
group:r! grouping:c groups handler having:r! header hold hour:! identity if ilike:t immediate immutable
implicit import in:r include including increment index indexes inherit inherits initially:r inline inner:t
inout:c input insensitive insert instead int:c integer:c intersect:r! interval:c into:r! invoker is:t isnull:t!
isolation join:t key label language large last lateral:r leading:r leakproof least:c left:t level like:t
limit:r! listen load local localtime:r localtimestamp:r location lock locked logged mapping match matched
materialized maxvalue merge method minute:! minvalue mode month:! move name names national:c natural:t nchar:c
new next nfc nfd nfkc nfkd no none:c normalize:c normalized not:r nothing notify notnull:t! nowait null:r
nullif:c nulls numeric:c object of off offset:r! oids old on:r! only:r operator option options or:r order:r!
ordinality others out:c outer:t over:! overlaps:t! overlay:c overriding owned owner parallel parameter parser
partial partition passing password placing:r plans policy position:c preceding precision:c! prepare prepared
preserve primary:r prior privileges procedural procedure procedures program publication quote range read real:c
reassign recheck recursive ref references:r referencing refresh reindex relative release rename repeatable
replace replica reset restart restrict return returning:r! returns revoke right:t role rollback rollup routine
routines row:c rows rule savepoint schema schemas scroll search second:! security select:r sequence sequences
serializable server session session_user:r set setof:c sets share show similar:t simple skip smallint:c
snapshot some:r sql stable standalone start statement statistics stdin stdout storage stored strict strip
subscription substring:c support symmetric:r sysid system table:r tables tablesample:t tablespace temp template
temporary text then:r ties time:c timestamp:c to:r! trailing:r transaction transform treat:c trigger trim:c
true:r truncate trusted type types uescape unbounded uncommitted unencrypted union:r! unique:r unknown unlisten
unlogged until update user:r using:r vacuum valid validate validator value values:c varchar:c variadic:r
varying:! verbose:t version view views volatile when:r where:r! whitespace window:r! with:r! within:! without:!
work wrapper write xml xmlattributes:c xmlconcat:c xmlelement:c xmlexists:c xmlforest:c xmlnamespaces:c
xmlparse:c xmlpi:c xmlroot:c xmlserialize:c xmltable:c year:! yes zone
`;

const COLUMN = 1 << (COL_ID - COL_ID);
const FUNCTION = 1 << (TYPE_FUNCTION_NAME - COL_ID);
const LABEL = 1 << (COL_LABEL - COL_ID);
const BARE = 1 << (BARE_COL_LABEL - COL_ID);
const UNRESERVED = COLUMN | FUNCTION | LABEL | BARE;

/** Bit `category - COL_ID` of an entry: tokens of that type belong to the category. */
export const CATEGORIES = new Uint8Array(TOKEN_TYPE_COUNT);
/** Lower-case word to token type. */
export const KEYWORDS = new Map<string, number>();
/** Words in the order of their types, from FIRST_KEYWORD. */
export const KEYWORD_NAMES: readonly string[] = fill();

export function isInCategory(tokenType: number, category: number): boolean {
  return (CATEGORIES[tokenType] & (1 << (category - COL_ID))) !== 0;
}

/** True for words that a deparsed name must quote: everything but unreserved keywords. */
export function needsQuotes(word: string): boolean {
  const type = KEYWORDS.get(word);
  return type !== undefined && CATEGORIES[type] !== UNRESERVED && CATEGORIES[type] !== (UNRESERVED & ~BARE);
}

function fill(): string[] {
  const names: string[] = [];
  for (const entry of KEYWORD_TABLE.trim().split(/\s+/)) {
    const [word, marks = ''] = entry.split(':');
    let categories = LABEL;
    if (!marks.includes('!')) categories |= BARE;
    const keywordClass = marks.replace('!', '');
    if (keywordClass === '' || keywordClass === 'c') categories |= COLUMN;
    if (keywordClass === '' || keywordClass === 't') categories |= FUNCTION;
    const type = FIRST_KEYWORD + names.length;
    CATEGORIES[type] = categories;
    KEYWORDS.set(word, type);
    names.push(word);
  }
  CATEGORIES[IDENT] = UNRESERVED;
  CATEGORIES[NOT_LA] = CATEGORIES[NOT];
  CATEGORIES[NULLS_LA] = CATEGORIES[NULLS];
  CATEGORIES[WITH_LA] = CATEGORIES[WITH];
  return names;
}
