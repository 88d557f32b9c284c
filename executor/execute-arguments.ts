/** Arguments of EXECUTE: expressions, computed before the statement begins. */
import type { Value } from '../catalog/function-entry.ts';
import type { ExecuteStatement } from '../parser/ast.ts';
import { bindScalar } from '../planner/index.ts';
import { PAGE_MISS } from '../storage/api.ts';
import { SqlError, sqlError } from '../types/errors.ts';
import { scalarFunction } from './compile/batch-program.ts';
import { SlotAllocator } from './compile/slots.ts';
import { ExecContext } from './context.ts';
import { WAIT_SIGNAL, YIELD_SIGNAL } from './operators/operator.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import type { Session, Task } from './session.ts';

/** Values of EXECUTE's arguments. What must wait throws, and all are computed again; what they called is met again. */
export function* executeArguments(
  session: Session,
  node: Pick<ExecuteStatement, 'name' | 'args'>,
  prepared: PreparedStatement,
): Task<Value[]> {
  const types = prepared.parameterTypes;
  if (node.args.length !== types.length) {
    throw sqlError('42601', `wrong number of parameters for prepared statement "${node.name}"`, {
      detail: `Expected ${types.length} parameters but got ${node.args.length}.`,
    });
  }
  const environment = session.environment(session.catalog, []);
  const context = new ExecContext(session.engine);
  context.functions = session.functions;
  context.services = session;
  const values = node.args.map((arg, i) => {
    const expr = bindScalar(arg, null, environment, {
      source: 'value',
      targetType: { typeOid: types[i], typeModifier: -1, parameter: i + 1 },
    });
    return scalarFunction(new SlotAllocator(), expr);
  });
  const { evaluation } = session.functions;
  for (;;) {
    evaluation.seen = 0;
    evaluation.called = 0;
    try {
      const computed = values.map((value) => value(context));
      context.evaluated();
      return computed;
    } catch (error) {
      if (error === PAGE_MISS) session.wakeOnLoad();
      else if (error === YIELD_SIGNAL) session.wakeAfter(0);
      else if (error !== WAIT_SIGNAL) throw error;
    }
    yield* session.wait();
  }
}

/** An error of a prepared statement, placed in the text of its PREPARE, where so many characters stand before it. */
export function ofPrepared(error: unknown, before: number): unknown {
  return error instanceof SqlError ? error.behind(before) : error;
}
