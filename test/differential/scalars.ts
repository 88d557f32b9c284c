/**
 * Single expressions in the forms that the grammar has beside calls (casts of all kinds, SUBSTRING FROM, AT TIME ZONE, slices), and
 * calls whose arguments are texts of small languages (patterns.ts).
 */
import type { Choice } from './choice.ts';
import type { Expressions } from './expressions.ts';
import { CastForms } from './forms-cast.ts';
import { ContainerForms } from './forms-container.ts';
import { NumberForms } from './forms-number.ts';
import { TextForms } from './forms-text.ts';
import { freely, type Node } from './tree.ts';

export function scalarForm(expressions: Expressions, choice: Choice): Node {
  const casts = new CastForms(expressions, choice);
  const texts = new TextForms(expressions, choice);
  const numbers = new NumberForms(expressions, choice);
  const containers = new ContainerForms(expressions, choice);
  const forms = [
    ...[() => casts.cast(), () => casts.cast(), () => casts.cast()],
    ...[() => texts.regex(), () => texts.regex(), () => texts.strings(), () => texts.strings(), () => texts.similar()],
    ...[() => numbers.formats(), () => numbers.formats(), () => numbers.numbers(), () => numbers.numbers()],
    ...[() => numbers.times(), () => numbers.times(), () => numbers.intervals()],
    ...[() => containers.jsonpath(), () => containers.jsonpath(), () => containers.jsons()],
    ...[() => containers.arrays(), () => containers.ranges()],
  ];
  return freely(choice.pick(forms)());
}
