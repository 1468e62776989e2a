import pico from "picocolors";

/** Where a command prints: what was asked for on standard output, what it has to say besides on standard error. */
export interface Screen {
  /** `--json`: one document, or one to a line for what is followed. */
  readonly json: boolean;
  /** Standard output is a terminal that a person looks at. */
  readonly terminal: boolean;
  readonly columns: number;
  readonly colours: Colours;
  print(text: string): void;
  printJson(document: unknown): void;
  /** For people only: nothing with --json. */
  remark(text: string): void;
}

export type Colours = ReturnType<typeof pico.createColors>;

export function makeScreen({ json = false }: { readonly json?: boolean | undefined }): Screen {
  const terminal = !json && process.stdout.isTTY === true;
  return {
    json,
    terminal,
    columns: terminal ? (process.stdout.columns ?? 80) : 120,
    colours: pico.createColors(terminal && !process.env.NO_COLOR && process.env.TERM !== "dumb"),
    print: (text) => write(process.stdout, text),
    printJson: (document) => write(process.stdout, visible(JSON.stringify(document))),
    remark(text) {
      if (!json) write(process.stderr, text);
    },
  };
}

/** The same JSON, with control and bidi characters, which a terminal would obey, written as escapes. */
export function visible(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function write(stream: NodeJS.WriteStream, text: string): void {
  stream.write(text.endsWith("\n") ? text : `${text}\n`);
}
