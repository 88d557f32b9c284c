/** Settings (GUCs): the table of all that are known, a server's values and each session's. */
export { ENCODING_NAMES, encodingName, splitNameList } from './settings/checks.ts';
export {
  REPORTED_SETTINGS,
  SERVER_VERSION,
  type SettingContext,
  type SettingDefinition,
  type SettingRaw,
  type SettingType,
  settingDefinition,
  settingDefinitions,
} from './settings/definition.ts';
export {
  ServerSettings,
  type SetOptions,
  type SettingRow,
  type SettingSource,
  Settings,
  type SettingsHooks,
} from './settings/settings.ts';
export { parseBoolean } from './settings/value.ts';
