/**
 * The automaton of PostgreSQL's default text search parser: which characters make words, numbers, hosts, files, tags ... What it
 * accepts is its documented behaviour (chapter "Parsers") and, where that is silent, what PostgreSQL 15 answers.
 *
 * A state is a list of rules, the first that holds is taken: a test of the next character, and what to do.
 *
 *     test   end, any, alnum, notalnum, alpha, asclet, digit, special (marks inside words), space, hex, urlchar, a character after
 *            an apostrophe, or a question: ignore (inside <script>), stophost, host, urlpath
 *     =s     take the character, go on in state s (= alone: stay)
 *     +s     try: remember this place, take the character, go on in s
 *     ^      the try failed: back to the place remembered, at the rule after
 *     !s     the try succeeded: forget the place, take the character, go on in s
 *     ~s     keep what was read since the place was remembered, and forget it (~ alone)
 *     %s     go on in s without taking the character
 *     >t     a token of type t ends here (>>t: and all places are forgotten; >!t: and the last one); next state base, or :s
 *     @f     before that, call a special function
 */
export const PARSER_STATES: Readonly<Record<string, string>> = {
  base: `end= '<+tagFirst ignore=blank asclet=asciiWord alpha=word digit=uint '-+intFirst '++intFirst '&+entityFirst
    '~+fileTwiddle '/+fileFirst '.+pathFirstFirst any=blank`,
  blank: `end>blank '<>blank ignore= '->blank '+>blank '&>blank '/>blank notalnum= any>blank`,

  asciiWord: `end>asciiword asclet= '.+hostFirstDomain '.+fileNext '-+hostFirst '-+hyphenAsciiFirst '_+hostFirst
    '@+email ':+protocolFirst '/+fileFirst digit+host digit=numWord alpha=word special=word any>asciiword`,
  word: `end>word alpha= special= digit=numWord '-+hyphenWordFirst any>word`,
  numWord: `end>numword alnum= special= '@+email '/+fileFirst '.+fileNext '-+hyphenNumFirst any>numword`,

  uint: `end>uint digit= '.+hostFirstDomain '.+udecimalFirst 'e+mantissaFirst 'E+mantissaFirst '-+hostFirst '_+hostFirst
    '@+email asclet+host alpha=numWord special=numWord '/+fileFirst any>uint`,
  intFirst: 'end^ digit!int any^',
  int: `end>int digit= '.+decimalFirst 'e+mantissaFirst 'E+mantissaFirst any>int`,
  udecimalFirst: 'end^ digit!udecimal any^',
  udecimal: `end>float digit= '.+versionFirst 'e+mantissaFirst 'E+mantissaFirst any>float`,
  decimalFirst: 'end^ digit!decimal any^',
  decimal: `end>float digit= '.+verVersion 'e+mantissaFirst 'E+mantissaFirst any>float`,
  verVersion: 'end^ digit%signVersion@rewind any^',
  signVersion: 'end^ digit>>blank:uint any=',
  versionFirst: 'end^ digit!version any^',
  version: `end>version digit= '.+versionFirst any>version`,
  mantissaFirst: `end^ digit!mantissa '+=mantissaSign '-=mantissaSign any^`,
  mantissaSign: 'end^ digit!mantissa any^',
  mantissa: 'end>sfloat digit= any>sfloat',

  entityFirst: `end^ '#=entityNumberFirst asclet=entity ':=entity '_=entity any^`,
  entity: `end^ alnum= ':= '_= '.= '-= ';=entityEnd any^`,
  entityNumberFirst: `end^ 'x=entityHexFirst 'X=entityHexFirst digit=entityNumber any^`,
  entityHexFirst: 'end^ hex=entityHex any^',
  entityNumber: `end^ digit= ';=entityEnd any^`,
  entityHex: `end^ hex= ';=entityEnd any^`,
  entityEnd: 'any>!entity',

  tagFirst: `end^ '/+tagCloseFirst '!+commentFirst '?+xmlBegin asclet+tagName ':+tagName '_+tagName any^`,
  xmlBegin: `end^ 'x=tag any^`,
  tagCloseFirst: 'end^ asclet=tagName any^',
  tagName: `end^ '/=tagBeginEnd '>=tagEnd@tag space=tag@tag alnum= ':= '_= '.= '-= any^`,
  tagBeginEnd: `end^ '>=tagEnd any^`,
  tag: `end^ '>=tagEnd@tag ''=tagQuoted '"=tagDoubleQuoted asclet= digit= '== '-= '_= '#= '/= ':= '.= '&= '?= '%= '~=
    space=@tag any^`,
  tagQuoted: `end^ '\\+tagEscaped ''=tag any=`,
  tagDoubleQuoted: `end^ '\\+tagEscaped '"=tag any=`,
  tagEscaped: 'end^ any~',
  tagEnd: 'any>>tag',
  commentFirst: `end^ '-=commentLast 'D=tag 'd=tag any^`,
  commentLast: `end^ '-=comment any^`,
  comment: `end^ '-=commentCloseFirst any=`,
  commentCloseFirst: `end^ '-=commentCloseLast any=comment`,
  commentCloseLast: `end^ '-= '>=commentEnd any=comment`,
  commentEnd: 'any>>tag',

  hostFirstDomain: 'end^ asclet=hostDomainSecond digit=host any^',
  hostDomainSecond: `end^ asclet=hostDomain digit+host '-+hostFirst '_+hostFirst '.+hostFirstDomain '@+email any^`,
  hostDomain: `end>>host asclet= digit+host ':+portFirst '-+hostFirst '_+hostFirst '.+hostFirstDomain '@+email digit^
    stophost>>host:urlPathStart '/+url any>>host`,
  portFirst: 'end^ digit=port any^',
  port: `end>>host digit= stophost>>host:urlPathStart '/+url any>>host`,
  hostFirst: 'end^ digit=host asclet=host any^',
  host: `end^ digit= asclet= '@+email '.+hostFirstDomain '-+hostFirst '_+hostFirst any^`,
  email: 'stophost^ host>>email any^',

  fileFirst: `end^ asclet=file digit=file '.=pathFirst '_=file '~+fileTwiddle any^`,
  fileTwiddle: `end^ asclet=file digit=file '_=file '/=fileFirst any^`,
  pathFirst: `end^ asclet=file digit=file '_=file '.=pathSecond '/=fileFirst any^`,
  pathFirstFirst: `end^ '.=pathSecond '/=fileFirst any^`,
  pathSecond: `end>!file '/+fileFirst '/>!file space>!file any^`,
  file: `end>file asclet= digit= '.+fileNext '_= '-= '/+fileFirst any>file`,
  fileNext: `end^ asclet!file digit!file '_!file any^`,
  urlPathFirst: 'end^ urlchar=urlPath any^',
  urlPathStart: 'any=urlPath',
  urlPath: 'end>url_path urlchar= any>url_path',
  url: 'end^ urlpath>>url@rewindUrl any^',
  protocolFirst: `end^ '/=protocolSecond any^`,
  protocolSecond: `end^ '/=protocolEnd any^`,
  protocolEnd: 'any>>protocol',

  hyphenAsciiFirst: 'end^ asclet=hyphenAscii alpha=hyphenWord digit=hyphenDigits any^',
  hyphenAscii: `end>>asciihword:hyphened@rewindWord asclet= alpha=hyphenWord special=hyphenWord digit=hyphenNum
    '-+hyphenAsciiFirst any>>asciihword:hyphened@rewindWord`,
  hyphenWordFirst: 'end^ alpha=hyphenWord digit=hyphenDigits any^',
  hyphenWord: `end>>hword:hyphened@rewindWord alpha= special= digit=hyphenNum '-+hyphenWordFirst
    any>>hword:hyphened@rewindWord`,
  hyphenNumFirst: 'end^ alpha=hyphenNum digit=hyphenDigits any^',
  hyphenNum: `end>>numhword:hyphened@rewindWord alnum= special= '-+hyphenNumFirst any>>numhword:hyphened@rewindWord`,
  hyphenDigits: 'end^ digit= alpha=hyphenNum special=hyphenNum any^',
  hyphened: `end%base asclet=asciiPart alpha=wordPart digit+hyphenUint '-+hyphenHyphen any%base`,
  hyphenHyphen: 'end^ alnum>!blank:hyphened special>!blank:hyphened any^',
  wordPart: 'end>hword_part alpha= special= digit=numPart any>hword_part:hyphened',
  asciiPart: 'end>hword_asciipart asclet= alpha=wordPart special=wordPart digit=numPart any>hword_asciipart:hyphened',
  numPart: 'end>hword_numpart alnum= special= any>hword_numpart:hyphened',
  hyphenUint: 'end^ digit= alpha!numPart special!numPart any^',
};

/** Names of the token types, by number. */
export const TOKEN_ALIASES =
  `- asciiword word numword email url host sfloat version hword_numpart hword_part hword_asciipart
  blank tag protocol numhword asciihword hword url_path file float int uint entity`.split(/\s+/);

export const TOKEN_DESCRIPTIONS = [
  '',
  'Word, all ASCII',
  'Word, all letters',
  'Word, letters and digits',
  'Email address',
  'URL',
  'Host',
  'Scientific notation',
  'Version number',
  'Hyphenated word part, letters and digits',
  'Hyphenated word part, all letters',
  'Hyphenated word part, all ASCII',
  'Space symbols',
  'XML tag',
  'Protocol head',
  'Hyphenated word, letters and digits',
  'Hyphenated word, all ASCII',
  'Hyphenated word, all letters',
  'URL path',
  'File or path name',
  'Decimal notation',
  'Signed integer',
  'Unsigned integer',
  'XML entity',
];
