/** XML's syntax (manual, 9.15): calls whose arguments are words, and XMLTABLE. */
import type {
  Expression,
  FunctionCall,
  NamedExpression,
  XmlExpr,
  XmlStandalone,
  XmlTableColumn,
  XmlTableRef,
} from '../ast.ts';
import type { ParserRule } from '../parser-base.ts';
import { makeCall } from '../precedence.ts';
import type { Token } from '../scanner.ts';
import * as T from '../token-types.ts';
import { SpecialCallRules } from './special-calls.ts';

const NONE: readonly never[] = [];

/** Called by CallRules and FromRules when the name has been read. */
export abstract class XmlRules extends SpecialCallRules {
  abstract readonly operand: ParserRule<[], Expression>;
  abstract readonly basicExpression: ParserRule<[], Expression>;

  private xml(form: XmlExpr['form'], position: number, parts: Partial<XmlExpr>): XmlExpr {
    const none = { name: null, named: NONE, args: NONE, isDocument: false, preservesSpace: false };
    return { kind: 'xml', form, ...none, standalone: null, type: null, position, ...parts };
  }

  /** func_expr_common_subexpr that begins with XML...; null: with another word. */
  protected xmlCall(token: Token): Expression | null {
    const position = token.startOffset;
    switch (token.tokenTypeIdx) {
      case T.XMLCONCAT:
        return this.xml('concat', position, { args: this.inParens(() => this.list(this.expression)) });
      case T.XMLELEMENT:
        return this.xmlElement(position);
      case T.XMLFOREST:
        return this.xml('forest', position, { named: this.inParens(() => this.namedExpressions()) });
      case T.XMLPARSE:
        return this.xmlParse(position);
      case T.XMLPI:
        return this.xmlPi(position);
      case T.XMLROOT:
        return this.xmlRoot(position);
      case T.XMLSERIALIZE:
        return this.xmlSerialize(position);
      case T.XMLEXISTS:
        return this.xmlExists(position);
      default:
        return null;
    }
  }

  /** XMLELEMENT '(' NAME ColLabel [ ',' XMLATTRIBUTES '(' xml_attribute_list ')' ] { ',' a_expr } ')' */
  private xmlElement(position: number): XmlExpr {
    this.take(T.LEFT_PAREN);
    this.take(T.NAME);
    const name = this.colLabel();
    let named: readonly NamedExpression[] = NONE;
    let args: readonly Expression[] = NONE;
    if (this.has(T.COMMA)) {
      const hasAttributes = this.at(T.XMLATTRIBUTES);
      if (hasAttributes) {
        this.take(T.XMLATTRIBUTES);
        named = this.inParens(() => this.namedExpressions());
      }
      if (!hasAttributes || this.has(T.COMMA)) args = this.list(this.expression);
    }
    this.take(T.RIGHT_PAREN);
    return this.xml('element', position, { name, named, args });
  }

  /** xml_attribute_list: a_expr [ AS ColLabel ] { ',' ... } */
  private namedExpressions(): NamedExpression[] {
    return this.listOf(() => {
      const position = this.here();
      const value = this.sub(this.expression);
      const name = this.opt(T.AS, () => this.colLabel());
      return { value, name, position };
    });
  }

  /** DOCUMENT | CONTENT */
  private isDocument(): boolean {
    if (this.has(T.DOCUMENT)) return true;
    this.take(T.CONTENT);
    return false;
  }

  /** XMLPARSE '(' document_or_content a_expr [ PRESERVE WHITESPACE | STRIP WHITESPACE ] ')' */
  private xmlParse(position: number): XmlExpr {
    this.take(T.LEFT_PAREN);
    const isDocument = this.isDocument();
    const args = [this.sub(this.expression)];
    const preservesSpace = this.at(T.PRESERVE);
    if (preservesSpace || this.at(T.STRIP)) {
      this.take(this.peek());
      this.take(T.WHITESPACE);
    }
    this.take(T.RIGHT_PAREN);
    return this.xml('parse', position, { isDocument, args, preservesSpace });
  }

  /** XMLPI '(' NAME ColLabel [ ',' a_expr ] ')' */
  private xmlPi(position: number): XmlExpr {
    this.take(T.LEFT_PAREN);
    this.take(T.NAME);
    const name = this.colLabel();
    const args = this.has(T.COMMA) ? [this.sub(this.expression)] : NONE;
    this.take(T.RIGHT_PAREN);
    return this.xml('pi', position, { name, args });
  }

  /** XMLROOT '(' a_expr ',' VERSION { a_expr | NO VALUE } [ ',' STANDALONE { YES | NO | NO VALUE } ] ')' */
  private xmlRoot(position: number): XmlExpr {
    this.take(T.LEFT_PAREN);
    const value = this.sub(this.expression);
    this.take(T.COMMA);
    this.take(T.VERSION);
    const version = this.noValue() ?? this.sub(this.expression);
    let standalone: XmlStandalone | null = null;
    if (this.has(T.COMMA)) {
      this.take(T.STANDALONE);
      if (this.noValue() !== null) standalone = 'no value';
      else if (this.has(T.NO)) standalone = 'no';
      else {
        this.take(T.YES);
        standalone = 'yes';
      }
    }
    this.take(T.RIGHT_PAREN);
    return this.xml('root', position, { args: [value, version], standalone });
  }

  /** NO VALUE, as a null. */
  private noValue(): Expression | null {
    if (!this.at(T.NO) || this.peekAt(2) !== T.VALUE) return null;
    this.take(T.NO);
    this.take(T.VALUE);
    return { kind: 'null', position: -1 };
  }

  /** XMLSERIALIZE '(' document_or_content a_expr AS SimpleTypename ')' */
  private xmlSerialize(position: number): XmlExpr {
    this.take(T.LEFT_PAREN);
    const isDocument = this.isDocument();
    const args = [this.sub(this.expression)];
    this.take(T.AS);
    const type = this.sub(this.typeName);
    this.take(T.RIGHT_PAREN);
    return this.xml('serialize', position, { isDocument, args, type });
  }

  /** XMLEXISTS '(' c_expr xmlexists_argument ')' */
  private xmlExists(position: number): Expression {
    this.take(T.LEFT_PAREN);
    const path = this.sub(this.operand);
    const document = this.passing();
    this.take(T.RIGHT_PAREN);
    return makeCall(['pg_catalog', 'xmlexists'], [path, document], position) as FunctionCall;
  }

  /** xmlexists_argument: PASSING [ BY { REF | VALUE } ] c_expr [ BY { REF | VALUE } ] */
  private passing(): Expression {
    this.take(T.PASSING);
    this.passingMechanism();
    const document = this.sub(this.operand);
    this.passingMechanism();
    return document;
  }

  /** The standard has both; what is passed is a value, whatever is said. */
  private passingMechanism(): void {
    if (!this.has(T.BY)) return;
    if (!this.has(T.REF)) this.take(T.VALUE);
  }

  /** XMLTABLE '(' [ XMLNAMESPACES '(' ... ')' ',' ] c_expr xmlexists_argument COLUMNS xmltable_column_list ')' */
  protected xmlTableCall(): Omit<XmlTableRef, 'lateral' | 'alias'> {
    const { startOffset: position } = this.take(T.XMLTABLE);
    this.take(T.LEFT_PAREN);
    let namespaces: NamedExpression[] = [];
    if (this.at(T.XMLNAMESPACES)) {
      this.take(T.XMLNAMESPACES);
      namespaces = this.inParens(() => this.listOf(() => this.xmlNamespace()));
      this.take(T.COMMA);
    }
    const rowPath = this.sub(this.operand);
    const document = this.passing();
    this.take(T.COLUMNS);
    const columns = this.listOf(() => this.xmlTableColumn());
    this.take(T.RIGHT_PAREN);
    return { kind: 'xmlTable', namespaces, rowPath, document, columns, position };
  }

  /** xml_namespace_el: b_expr AS ColLabel | DEFAULT b_expr */
  private xmlNamespace(): NamedExpression {
    const position = this.here();
    if (this.has(T.DEFAULT)) return { value: this.sub(this.basicExpression), name: null, position };
    const value = this.sub(this.basicExpression);
    this.take(T.AS);
    return { value, name: this.colLabel(), position };
  }

  /** xmltable_column_el: ColId { FOR ORDINALITY | Typename { PATH b_expr | DEFAULT b_expr | NOT NULL | NULL } } */
  private xmlTableColumn(): XmlTableColumn {
    const position = this.here();
    const name = this.colId();
    if (this.at(T.FOR)) {
      this.take(T.FOR);
      this.take(T.ORDINALITY);
      return { name, type: null, path: null, default: null, isNotNull: false, position };
    }
    const type = this.sub(this.typeName);
    let path: Expression | null = null;
    let otherwise: Expression | null = null;
    let isNotNull: boolean | null = null;
    while (!this.RECORDING_PHASE && !this.at(T.COMMA) && !this.at(T.RIGHT_PAREN)) {
      const token = this.nextToken();
      if (this.at(T.NOT) || this.at(T.NULL)) {
        const isNot = this.has(T.NOT);
        this.take(T.NULL);
        if (isNotNull !== null) {
          const message = `conflicting or redundant NULL / NOT NULL declarations for column "${name}"`;
          throw this.messageAt('42601', message, token);
        }
        isNotNull = isNot;
      } else if (this.has(T.DEFAULT)) {
        const value = this.sub(this.basicExpression);
        if (otherwise !== null) throw this.messageAt('42601', 'only one DEFAULT value is allowed', token);
        otherwise = value;
      } else {
        this.take(T.IDENT);
        const value = this.sub(this.basicExpression);
        if (token.image !== 'path') {
          throw this.messageAt('42601', `unrecognized column option "${token.image}"`, token);
        }
        if (path !== null) throw this.messageAt('42601', 'only one PATH value per column is allowed', token);
        path = value;
      }
    }
    return { name, type, path, default: otherwise, isNotNull: isNotNull === true, position };
  }
}
