export { startConsole } from './boot/startConsole.ts';
export type { Console, ConsoleOptions } from './boot/consoleOptions.ts';
export { CONSOLE_ERRORS, ConsoleError } from './consoleError.ts';
export type { ConsoleErrorCode } from './consoleError.ts';
