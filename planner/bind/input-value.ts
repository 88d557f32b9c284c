/** Literals to values at bind time, by the type's own input function. */
import { DEFAULT_FORMAT, type FormatSettings, inputText } from '../../types/index.ts';
import type { BindContext, Position } from './context.ts';

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
    return inputText(typeOid, typeModifier, text, formatOf(context));
  } catch (error) {
    throw context.placed(error, position);
  }
}
