/** `%p`: path of a file, `%f`: its name, `%%`: a percent sign; all else is left as it is. */
export function expandCommand(command: string, path: string, name: string): string {
  return command.replace(/%[pf%]/g, (found) => (found === '%p' ? path : found === '%f' ? name : '%'));
}
