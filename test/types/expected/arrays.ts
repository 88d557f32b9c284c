/** Arrays. Texts and what PostgreSQL 15 answers: the value's text, or its error. */
export type Case = readonly [input: string, expected: string];

export const INT4_ARRAYS: readonly Case[] = [
  ['{1,2,NULL}', '{1,2,NULL}'],
  ['{{1,2},{3,4}}', '{{1,2},{3,4}}'],
  ['[0:1]={5,6}', '[0:1]={5,6}'],
  ['{}', '{}'],
  ['  { 1 , 2 }  ', '{1,2}'],
  ['{1,x}', 'ERROR 22P02: invalid input syntax for type integer: "x"'],
  [
    '{{1},{2,3}}',
    'ERROR 22P02: malformed array literal: "{{1},{2,3}}" / Multidimensional arrays must have sub-arrays with matching dimensions.',
  ],
  ['{1,{2}}', 'ERROR 22P02: malformed array literal: "{1,{2}}" / Unexpected "{" character.'],
  ['{{1},2}', 'ERROR 22P02: malformed array literal: "{{1},2}" / Unexpected array element.'],
  ['{{}}', 'ERROR 22P02: malformed array literal: "{{}}" / Unexpected "}" character.'],
  ['{1,}', 'ERROR 22P02: malformed array literal: "{1,}" / Unexpected "}" character.'],
  ['{,1}', 'ERROR 22P02: malformed array literal: "{,1}" / Unexpected "," character.'],
  ['{1', 'ERROR 22P02: malformed array literal: "{1" / Unexpected end of input.'],
  ['1', 'ERROR 22P02: malformed array literal: "1" / Array value must start with "{" or dimension information.'],
  ['{1}x', 'ERROR 22P02: malformed array literal: "{1}x" / Junk after closing right brace.'],
  [
    '[1:2]={1}',
    'ERROR 22P02: malformed array literal: "[1:2]={1}" / Specified array dimensions do not match array contents.',
  ],
  ['[2:1]={1}', 'ERROR 2202E: upper bound cannot be less than lower bound'],
  [
    '[x]={1}',
    'ERROR 22P02: malformed array literal: "[x]={1}" / "[" must introduce explicitly-specified array dimensions.',
  ],
  ['[1={1}', 'ERROR 22P02: malformed array literal: "[1={1}" / Missing "]" after array dimensions.'],
  ['[1]{1}', 'ERROR 22P02: malformed array literal: "[1]{1}" / Missing "=" after array dimensions.'],
  ['[1]=1', 'ERROR 22P02: malformed array literal: "[1]=1" / Array contents must start with "{".'],
  ['{{{{{{{1}}}}}}}', 'ERROR 54000: number of array dimensions (7) exceeds the maximum allowed (6)'],
  ['[-1:0][2:3]={{1,2},{3,4}}', '[-1:0][2:3]={{1,2},{3,4}}'],
];

export const TEXT_ARRAYS: readonly Case[] = [
  ['{a,"b c","",null,"NULL"}', '{a,"b c","",NULL,"NULL"}'],
  ['{"x\\"y","\\\\", d e }', '{"x\\"y","\\\\","d e"}'],
  ['{a\\,b}', '{"a,b"}'],
  ['{"a"b}', 'ERROR 22P02: malformed array literal: "{"a"b}" / Unexpected array element.'],
  ['{a"b"}', 'ERROR 22P02: malformed array literal: "{a"b"}" / Unexpected array element.'],
  ['{"{}",","}', '{"{}",","}'],
  ['{ú,"a\tb"}', '{ú,"a\tb"}'],
  ['{a\\', 'ERROR 22P02: malformed array literal: "{a\\" / Unexpected end of input.'],
];
