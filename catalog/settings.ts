/** Settings (GUCs): the table of all that are known, a server's values and each session's. */
export { ENCODING_NAMES, encodingName } from './settings/checks.ts';
export { settingDefinition } from './settings/definition.ts';
export { ServerSettings, type SettingRow, Settings } from './settings/settings.ts';
export { parseBoolean } from './settings/value.ts';
