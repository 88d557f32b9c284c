/** Lists of attributes that define operators and aggregates. */
import type { DefinitionItem, DefinitionValue } from '../ast.ts';
import { SYMBOL_NAMES } from '../precedence.ts';
import * as T from '../token-types.ts';
import { RoutineRules } from './routine.ts';

export abstract class DefinitionRules extends RoutineRules {
  /** definition: '(' ColLabel [ '=' def_arg ] { ',' ... } ')' */
  protected definitionItems(): DefinitionItem[] {
    return this.inParens(() => this.list(this.definitionItem));
  }

  readonly definitionItem = this.detail('definitionItem', (): DefinitionItem => {
    const position = this.here();
    const name = this.colLabel();
    if (!this.at(T.EQUALS)) return { name, value: null, position };
    this.take(T.EQUALS);
    return { name, value: this.sub(this.definitionValue), position };
  });

  /** operator_def_elem: ColLabel '=' { NONE | def_arg } */
  protected requiredItem(): DefinitionItem {
    const position = this.here();
    const name = this.colLabel();
    this.take(T.EQUALS);
    return { name, value: this.sub(this.definitionValue), position };
  }

  /** def_arg: func_type | reserved_keyword | qual_all_Op | NumericOnly | Sconst | NONE */
  readonly definitionValue = this.detail('definitionValue', (): DefinitionValue => {
    const type = this.peek();
    if (this.RECORDING_PHASE) return { kind: 'type', type: this.sub(this.functionType) };
    if (type === T.STRING) return { kind: 'string', text: this.string() };
    if (type === T.INTEGER_LITERAL || type === T.NUMERIC_LITERAL || this.atSignedNumber()) {
      return { kind: 'number', text: String(this.numericOnly()) };
    }
    if (type === T.OPERATOR && this.peekAt(2) === T.LEFT_PAREN) {
      return { kind: 'operator', name: this.sub(this.qualifiedOperator) };
    }
    if (SYMBOL_NAMES[type] !== '' || type === T.OPERATOR_SYMBOL) {
      return { kind: 'operator', name: [this.operatorSymbol()] };
    }
    if (type === T.NONE) return { kind: 'word', text: this.take(T.NONE).image };
    if (!this.atCategory(T.TYPE_FUNCTION_NAME) && !this.atCategory(T.COL_ID) && this.atCategory(T.COL_LABEL)) {
      return { kind: 'word', text: this.colLabel() };
    }
    return { kind: 'type', type: this.sub(this.functionType) };
  });

  private atSignedNumber(): boolean {
    const type = this.peek();
    if (type !== T.PLUS && type !== T.MINUS) return false;
    const next = this.peekAt(2);
    return next === T.INTEGER_LITERAL || next === T.NUMERIC_LITERAL;
  }
}
