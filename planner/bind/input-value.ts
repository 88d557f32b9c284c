/** Literals to values at bind time, by the type's own input function. */
import { DEFAULT_FORMAT, type FormatSettings, inputText } from '../../types/index.ts';
import type { BindContext, Position } from './context.ts';
import { REGCLASS } from './type-info.ts';

function formatOf(context: BindContext): FormatSettings {
  return (context.environment.settings.format as FormatSettings | undefined) ?? DEFAULT_FORMAT;
}

/** Text to a value of the type; errors point at the literal. */
export function inputLiteral(
  context: BindContext,
  text: string,
  typeOid: number,
  typeModifier: number,
  position: Position,
): unknown {
  try {
    const value = inputText(typeOid, typeModifier, text, formatOf(context));
    // What a view's text names is the view's.
    const isNoted = typeOid === REGCLASS && typeof value === 'number' && context.storedText === 0;
    if (isNoted) context.environment.noteRelation?.(value);
    return value;
  } catch (error) {
    throw context.placed(error, position);
  }
}
