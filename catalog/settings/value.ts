/** Values of settings: text to the kept form, with units and PostgreSQL's errors, and back to what SHOW prints. After: guc.c. */
import { sqlError } from '../../types/errors.ts';
import type { SettingDefinition, SettingRaw } from './definition.ts';

const INT_MIN = -2147483648;
const INT_MAX = 2147483647;

interface Unit {
  readonly name: string;
  /** How many base units it is. */
  readonly multiplier: number;
}

const KB = 1024;
/** From greatest to smallest, by base unit. */
const MEMORY_UNITS: Readonly<Record<string, number>> = { TB: KB ** 4, GB: KB ** 3, MB: KB ** 2, kB: KB, B: 1 };
const TIME_UNITS_US: Readonly<Record<string, number>> = { d: 86400e6, h: 3600e6, min: 60e6, s: 1e6, ms: 1e3, us: 1 };
const BASE_SIZE: Readonly<Record<string, number>> = { B: 1, kB: KB, '8kB': 8 * KB, MB: KB ** 2 };
const MEMORY_HINT = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".';
const TIME_HINT = 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".';

function isMemoryUnit(unit: string): boolean {
  return unit in BASE_SIZE;
}

function unitsOf(base: string): Unit[] {
  const table = isMemoryUnit(base) ? MEMORY_UNITS : TIME_UNITS_US;
  const size = isMemoryUnit(base) ? BASE_SIZE[base] : TIME_UNITS_US[base];
  return Object.entries(table).map(([name, units]) => ({ name, multiplier: units / size }));
}

/** To the nearest integer, halves to even, as C's rint(). */
function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** In base units; null: no such unit. A fraction is rounded to a multiple of the next smaller unit. */
function toBaseUnit(value: number, unit: string, base: string): number | null {
  const units = unitsOf(base);
  const at = units.findIndex((candidate) => candidate.name === unit);
  if (at < 0) return null;
  const result = value * units[at].multiplier;
  const smaller = units[at + 1];
  return smaller === undefined ? result : rint(result / smaller.multiplier) * smaller.multiplier;
}

const INTEGER = /^[ \t\n\v\f\r]*([+-]?(?:0[xX][0-9a-fA-F]+|\d+))/;
const REAL = /^[ \t\n\v\f\r]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/;

/** strtol with base 0: hexadecimal and octal too. */
function parseCInteger(text: string): number {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '');
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return negative ? -value : value;
}

function invalid(name: string, text: string, hint?: string): Error {
  return sqlError('22023', `invalid value for parameter "${name}": "${text}"`, hint === undefined ? {} : { hint });
}

function parseNumber(definition: SettingDefinition, name: string, text: string): number {
  const { unit, type } = definition;
  const integer = type === 'int' ? INTEGER.exec(text) : null;
  let match = integer;
  let value = integer === null ? 0 : parseCInteger(integer[1]);
  if (integer === null || /^[.eE]/.test(text.slice(integer[0].length))) {
    match = REAL.exec(text);
    if (match === null) throw invalid(name, text);
    value = Number(match[1]);
  }
  if (!Number.isFinite(value)) throw invalid(name, text, type === 'int' ? 'Value exceeds integer range.' : undefined);
  const rest = text.slice(match![0].length).trim();
  if (rest !== '') {
    if (unit === '') throw invalid(name, text);
    const converted = toBaseUnit(value, rest, unit);
    if (converted === null) throw invalid(name, text, isMemoryUnit(unit) ? MEMORY_HINT : TIME_HINT);
    value = converted;
  }
  if (type === 'int') {
    value = rint(value);
    if (value < INT_MIN || value > INT_MAX) throw invalid(name, text, 'Value exceeds integer range.');
  }
  if (value < definition.minimum || value > definition.maximum) {
    const suffix = unit === '' ? '' : ` ${unit}`;
    throw sqlError(
      '22023',
      `${formatNumber(value, type)}${suffix} is outside the valid range for parameter "${name}" ` +
        `(${formatNumber(definition.minimum, type)} .. ${formatNumber(definition.maximum, type)})`,
    );
  }
  return value === 0 ? 0 : value;
}

function formatNumber(value: number, type: string): string {
  return type === 'int' ? String(value) : formatReal(value);
}

/** C's %g. */
function formatReal(value: number): string {
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent < -5 || exponent >= 6) {
    const [mantissa, power] = value.toExponential(5).split('e');
    const sign = power.startsWith('-') ? '-' : '+';
    return `${Number(mantissa)}e${sign}${power.replace(/^[+-]/, '').padStart(2, '0')}`;
  }
  return String(Number(value.toPrecision(6)));
}

/** true/false/yes/no/on/off/1/0, and what begins only one of them; null: none of these. */
export function parseBoolean(text: string): boolean | null {
  const word = text.toLowerCase();
  if (word === '') return null;
  if ('true'.startsWith(word) || 'yes'.startsWith(word) || word === 'on' || word === '1') return true;
  if (
    'false'.startsWith(word) ||
    'no'.startsWith(word) ||
    (word.length > 1 && 'off'.startsWith(word)) ||
    word === '0'
  ) {
    return false;
  }
  return null;
}

/** Spellings that PostgreSQL takes but does not show. */
const HIDDEN_ENUM_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  client_min_messages: { debug: 'debug2', info: 'info' },
  log_min_error_statement: { debug: 'debug2' },
  log_min_messages: { debug: 'debug2' },
  wal_level: { archive: 'replica', hot_standby: 'replica' },
};
const BOOLEAN_WORDS: Readonly<Record<string, string>> = {
  true: 'on',
  false: 'off',
  yes: 'on',
  no: 'off',
  '1': 'on',
  '0': 'off',
};

function parseEnum(definition: SettingDefinition, name: string, text: string): string {
  const word = text.toLowerCase();
  const found = definition.enumValues.find((candidate) => candidate.toLowerCase() === word);
  if (found !== undefined) return found;
  const hidden = HIDDEN_ENUM_VALUES[definition.name]?.[word];
  if (hidden !== undefined) return hidden;
  const asBoolean = BOOLEAN_WORDS[word];
  if (asBoolean !== undefined && definition.enumValues.includes(asBoolean)) return asBoolean;
  throw invalid(name, text, `Available values: ${definition.enumValues.join(', ')}.`);
}

/** Text to the kept form. `name` is the setting's name as the user wrote it: messages repeat it. */
export function parseValue(definition: SettingDefinition, name: string, text: string): SettingRaw {
  switch (definition.type) {
    case 'bool': {
      const value = parseBoolean(text);
      if (value === null) throw sqlError('22023', `parameter "${name}" requires a Boolean value`);
      return value;
    }
    case 'int':
    case 'real':
      return parseNumber(definition, name, text);
    case 'enum':
      return parseEnum(definition, name, text);
    default:
      return text;
  }
}

function formatWithUnit(definition: SettingDefinition, value: number): string {
  const units = unitsOf(definition.unit);
  for (const { name, multiplier } of units) {
    if (definition.type === 'int') {
      if (multiplier <= 1 || value % multiplier === 0) return `${rint(value / multiplier)}${name}`;
      continue;
    }
    const converted = value / multiplier;
    if (Math.abs(rint(converted) / converted - 1) <= 1e-8) return `${formatReal(converted)}${name}`;
  }
  const last = units[units.length - 1];
  return `${formatReal(value / last.multiplier)}${last.name}`;
}

/** As SHOW prints it: 65536 kB is 64MB. */
export function formatValue(definition: SettingDefinition, value: SettingRaw): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string') return value;
  if (definition.isOctal) return `0${value.toString(8)}`;
  if (definition.unit !== '' && value > 0) return formatWithUnit(definition, value);
  return formatNumber(value, definition.type);
}

/** As pg_settings.setting prints it: without unit. */
export function formatPlainValue(definition: SettingDefinition, value: SettingRaw): string {
  return typeof value === 'number' && !definition.isOctal
    ? formatNumber(value, definition.type)
    : formatValue(definition, value);
}
