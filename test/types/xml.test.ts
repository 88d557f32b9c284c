/** XML's parser and XPath: what bounds them, what they never do, and what any document must stand. Their answers: sql-fixtures, types and functions. */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  checkXml,
  dumpXml,
  evaluateXPath,
  identifierOfXmlName,
  outputXml,
  parseXmlDocument,
  parseXPath,
  receiveXml,
  toText,
  type XmlNode,
  xmlNameOfIdentifier,
} from '../../types/xml/index.ts';

const detail = (text: string): string => checkXml(text, 'content')?.fields.detail ?? '';
const tree = (text: string): XmlNode => parseXmlDocument(text, () => {});
const find = (path: string, text: string): string => toText(evaluateXPath(parseXPath(path), tree(text), new Map()));

/** An entity that stands for ten of the one before, and so on. */
function laughs(levels: number, first: string): string {
  const entities = Array.from({ length: levels }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`);
  return `<!DOCTYPE a [<!ENTITY l0 "${first}">${entities.join('')}]>`;
}

describe('xml: limits', () => {
  it('entities that grow without end are refused, in content and in attributes', () => {
    expect(detail(`${laughs(20, 'lol')}<a>&l20;</a>`)).to.contain('entity reference loop');
    expect(detail(`${laughs(20, 'lol')}<a b="&l20;"/>`)).to.contain('entity reference loop');
    expect(detail(`${laughs(3, 'lol')}<a b="&l3;">&l3;</a>`)).to.equal('');
    const many = '&x;'.repeat(10_000);
    expect(detail(`<!DOCTYPE a [<!ENTITY x "${'y'.repeat(10_000)}">]><a>${many}</a>`)).to.contain('loop');
  });

  it('entities that stand for nothing cost nothing', () => {
    const start = performance.now();
    expect(detail(`${laughs(30, '')}<a b="&l30;">&l30;</a>`)).to.equal('');
    expect(performance.now() - start).to.be.below(1000);
  });

  it('entities that hold themselves are refused', () => {
    expect(detail('<!DOCTYPE a [<!ENTITY b "&c;"><!ENTITY c "&b;">]><a>&b;</a>')).to.contain('entity reference loop');
    expect(detail('<!DOCTYPE a [<!ENTITY b "&c;"><!ENTITY c "&b;">]><a d="&b;"/>')).to.contain('entity reference loop');
  });

  it('depth ends in an error, elements within entities too', () => {
    expect(detail('<a>'.repeat(100_000))).to.contain('Excessive depth');
    expect(detail(`${laughs(0, '<b>'.repeat(200) + '</b>'.repeat(200))}${'<a>'.repeat(100)}&l0;`)).to.contain('depth');
  });

  it('errors are not collected for ever', () => {
    expect(detail('&'.repeat(1_000_000)).split('line 1:').length).to.be.below(1100);
  });

  it('time is linear in what could be nested or repeated', () => {
    const start = performance.now();
    for (const text of ['<!---->', '<?a?>', '<![CDATA[]]>', '<a b="c"/>', '&lt;', '<!-- - '])
      detail(text.repeat(100_000));
    const attributes = Array.from({ length: 100_000 }, (_, i) => `a${i}="x" xmlns:b${i}="y"`);
    detail(`<a ${attributes.join(' ')}/>`);
    expect(performance.now() - start).to.be.below(10_000);
  });

  it('expressions are bounded in depth, and in the nodes that they look at', () => {
    const fails = (path: string, text = '<a/>'): string => {
      try {
        return find(path, text);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(fails('('.repeat(100_000) + '1' + ')'.repeat(100_000))).to.equal('Recursion limit exceeded');
    expect(fails(`1${' + 1'.repeat(100_000)}`)).to.equal('Recursion limit exceeded');
    expect(fails(`a${' | a'.repeat(100_000)}`)).to.equal('Recursion limit exceeded');
    expect(fails(`1${' + 1'.repeat(500)}`)).to.equal('501');
    const wide = `<a>${'<b/>'.repeat(20_000)}</a>`;
    expect(fails('count(//*[count(//*) > 0])', wide)).to.equal('Operation limit exceeded');
    expect(fails('count(//b)', wide)).to.equal('20000');
  });
});

describe('xml: any text', () => {
  const part = fc.constantFrom(
    ...[
      '<a>',
      '</a>',
      '<b c="1">',
      "d='",
      '"',
      '>',
      '<',
      '/>',
      '&lt;',
      '&x;',
      '&#65;',
      '&',
      '<!--',
      '-->',
      '--',
      ']]>',
    ],
    ...[
      '<![CDATA[',
      '<?p q?>',
      '<?xml version="1.0"?>',
      '<!DOCTYPE a [',
      '<!ENTITY x "y">',
      ']>',
      'x',
      'é😀',
      ' ',
      '\n',
      '\u0001',
    ],
    ...['<x:a xmlns:x="u">', '</x:a>', '%p;', '<!ELEMENT a ANY>', '<!'],
  );
  const soup = fc.array(part, { maxLength: 25 }).map((parts) => parts.join(''));

  it('is taken or refused with an error of SQL, as content and as a document', () => {
    fc.assert(
      fc.property(soup, (text) => {
        for (const option of ['content', 'document'] as const) {
          const error = checkXml(text, option);
          if (error === null) continue;
          expect(error.code).to.be.oneOf(['2200M', '2200N']);
          expect(error.fields.detail).to.be.a('string').and.not.equal('');
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('has a tree when it is a document, whose text is a document with the same tree', () => {
    fc.assert(
      fc.property(soup, (text) => {
        let first: XmlNode;
        try {
          first = tree(`<r>${text}</r>`);
        } catch {
          return;
        }
        const dumped = dumpXml(first.children[first.children.length - 1]);
        expect(checkXml(dumped, 'document')).to.equal(null);
        expect(dumpXml(tree(dumped).children[0])).to.equal(dumped);
      }),
      { numRuns: 3000 },
    );
  });

  it('is an expression of XPath, or one that is refused', () => {
    const word = fc.constantFrom(
      ...'/ // . .. @ * [ ] ( ) | + - = != < > and or div a text() position() 1 "x" child:: , $ :'.split(' '),
    );
    const document = tree('<a b="1"><a>x</a><!--c--></a>');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        try {
          evaluateXPath(parseXPath(words.join(' ')), document, new Map());
        } catch (error) {
          expect((error as Error).name).to.equal('XPathError');
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('xml: names, declarations, bytes', () => {
  it('names of SQL come back from those of XML', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        const basic = [...name].filter((character) => character.codePointAt(0)! < 0x10000).join('');
        for (const isFullyEscaped of [true, false]) {
          expect(identifierOfXmlName(xmlNameOfIdentifier(basic, { isFullyEscaped }))).to.equal(basic);
        }
      }),
    );
  });

  it('a declaration shows its version and that it stands alone', () => {
    expect(outputXml('<?xml version="1.0" encoding="latin1"?>\n<a/>')).to.equal('<a/>');
    expect(outputXml("<?xml version='1.1' encoding='x' standalone='no' ?><a/>")).to.equal(
      '<?xml version="1.1" standalone="no"?><a/>',
    );
    expect(outputXml('<?xml-stylesheet x?><a/>')).to.equal('<?xml-stylesheet x?><a/>');
  });

  it('bytes are in the encoding that they declare', () => {
    const text = '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>';
    expect(receiveXml(Buffer.from(text, 'latin1'))).to.equal(text);
    expect(receiveXml(Buffer.from('<a>é</a>'))).to.equal('<a>é</a>');
    expect(() => receiveXml(Buffer.from('<a>é</a>', 'latin1'))).to.throw('invalid byte sequence');
    expect(() => receiveXml(Buffer.from('<a>'))).to.throw('invalid XML content');
  });
});
