/** What a table constraint may say of itself behind what it asks for: DEFERRABLE, NOT VALID and their like. */
import { SqlError } from '../../types/errors.ts';
import type { ConstraintAttributes } from '../ast-ddl.ts';
import * as T from '../token-types.ts';
import { ModifyRules } from './modify.ts';

type ConstraintAttribute =
  | 'DEFERRABLE'
  | 'NOT DEFERRABLE'
  | 'INITIALLY DEFERRED'
  | 'INITIALLY IMMEDIATE'
  | 'NOT VALID'
  | 'NO INHERIT';

export abstract class ConstraintRules extends ModifyRules {
  /**
   * ConstraintAttributeSpec. `what` tells which of them the constraint can have; `isNew`: it is being made, and may have to be NOT VALID.
   */
  protected constraintAttributes(what: string, isNew = true): ConstraintAttributes {
    const written = new Set<ConstraintAttribute>();
    for (;;) {
      const token = this.nextToken();
      const attribute = this.constraintAttribute();
      if (attribute === null) break;
      written.add(attribute);
      const areBoth = (one: ConstraintAttribute, other: ConstraintAttribute) => written.has(one) && written.has(other);
      if (areBoth('NOT DEFERRABLE', 'INITIALLY DEFERRED')) {
        throw this.messageAt('42601', 'constraint declared INITIALLY DEFERRED must be DEFERRABLE', token);
      }
      if (areBoth('NOT DEFERRABLE', 'DEFERRABLE') || areBoth('INITIALLY IMMEDIATE', 'INITIALLY DEFERRED')) {
        throw this.messageAt('42601', 'conflicting constraint properties', token);
      }
    }
    const refuse = (clause: string): void => {
      throw new SqlError('0A000', `${what} constraints cannot be marked ${clause}`);
    };
    const isCheck = what === 'CHECK';
    const [isDeferrable, isDeferred] = [written.has('DEFERRABLE'), written.has('INITIALLY DEFERRED')];
    if (isCheck && (isDeferrable || isDeferred)) refuse('DEFERRABLE');
    if (written.has('NOT VALID') && (!isNew || !(isCheck || what === 'FOREIGN KEY'))) refuse('NOT VALID');
    if (written.has('NO INHERIT') && !isCheck) refuse('NO INHERIT');
    return {
      deferrable: isDeferrable || isDeferred ? true : written.has('NOT DEFERRABLE') ? false : null,
      initiallyDeferred: isDeferred ? true : written.has('INITIALLY IMMEDIATE') ? false : null,
      notValid: written.has('NOT VALID'),
      noInherit: written.has('NO INHERIT'),
    };
  }

  /** ConstraintAttributeElem; null when the next token starts none. */
  private constraintAttribute(): ConstraintAttribute | null {
    // What is not there is not recorded either: has() would be, and never end.
    if (this.at(T.DEFERRABLE)) {
      this.take(T.DEFERRABLE);
      return 'DEFERRABLE';
    }
    if (this.at(T.NOT)) {
      this.take(T.NOT);
      if (this.has(T.VALID)) return 'NOT VALID';
      this.take(T.DEFERRABLE);
      return 'NOT DEFERRABLE';
    }
    if (this.at(T.INITIALLY)) {
      this.take(T.INITIALLY);
      if (this.has(T.DEFERRED)) return 'INITIALLY DEFERRED';
      this.take(T.IMMEDIATE);
      return 'INITIALLY IMMEDIATE';
    }
    if (!this.at(T.NO) || this.peekAt(2) !== T.INHERIT) return null;
    this.take(T.NO);
    this.take(T.INHERIT);
    return 'NO INHERIT';
  }
}
