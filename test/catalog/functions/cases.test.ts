/** Each line of cases/*.cases: what PostgreSQL answers to an expression is what the function registry answers. */
import { expect } from 'chai';
import { SqlError } from '../../../types/errors.ts';
import { caseFiles, readCases } from './case-files.ts';
import { escapeLine, evaluate, show, testContext } from './evaluate.ts';

function answer(expression: string, timeZone: string): string {
  const context = testContext(timeZone);
  try {
    return show(evaluate(expression, context), context);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return `!${error.code} ${escapeLine(error.message)}`;
  }
}

for (const file of caseFiles()) {
  describe(`functions: ${file.replace('.cases', '')}`, () => {
    for (const { expression, expected, timeZone, line } of readCases(file)) {
      it(`${line}: ${expression}`, () => {
        expect(answer(expression, timeZone)).to.equal(expected);
      });
    }
  });
}
