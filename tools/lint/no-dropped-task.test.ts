import { RuleTester, type Rule } from "eslint";
import { join } from "node:path";
import { parser } from "typescript-eslint";

const rule = jest.requireActual<Rule.RuleModule>("./no-dropped-task");

const tester = new RuleTester({
  languageOptions: {
    parser,
    parserOptions: { projectService: { allowDefaultProject: ["*.ts"] }, tsconfigRootDir: join(__dirname, "../..") },
  },
});

const HEAD = `type Task<T> = Generator<{ kind: string }, T, number>;
declare const vcpu: { kick(): Task<boolean>; nested?: { kick(): Task<void> }; task?: Task<unknown> | undefined };
declare function start(task: Task<unknown>): void;
`;
const inTask = (line: string) => `${HEAD}function* op(): Task<unknown> { ${line} }`;
const inPlain = (line: string) => `${HEAD}function plain(): unknown { ${line} }`;

const dropped = (line: string, fixed: string) => ({ code: inTask(line), errors: [{ messageId: "dropped" }], output: inTask(fixed) });

tester.run("a dropped generator", rule, {
  valid: [
    inTask("yield* vcpu.kick();"),
    inTask("if (yield* vcpu.kick()) yield* vcpu.kick();"),
    inTask("start(vcpu.kick());"),
    inTask("const task = vcpu.kick(); return yield* task;"),
    inTask("vcpu.task = vcpu.kick();"),
    inTask("const make = () => vcpu.kick(); return yield* make();"),
    inTask("vcpu.kick().return(true);"),
    inPlain("return vcpu.kick();"),
    inPlain("return vcpu.task === undefined;"),
    inPlain("return !vcpu.task;"),
  ],
  invalid: [
    dropped("vcpu.kick();", "yield* vcpu.kick();"),
    dropped("vcpu.nested?.kick();", "yield* vcpu.nested?.kick();"),
    dropped("if (vcpu.kick()) return 1;", "if (yield* vcpu.kick()) return 1;"),
    dropped("if (!vcpu.kick()) return 1;", "if (!(yield* vcpu.kick())) return 1;"),
    dropped("while (vcpu.kick()) yield* vcpu.kick();", "while (yield* vcpu.kick()) yield* vcpu.kick();"),
    dropped("return vcpu.kick() ? 1 : 2;", "return (yield* vcpu.kick()) ? 1 : 2;"),
    dropped("return vcpu.kick() && 1;", "return (yield* vcpu.kick()) && 1;"),
    dropped("vcpu.task && vcpu.kick();", "vcpu.task && (yield* vcpu.kick());"),
    dropped("void vcpu.kick();", "void (yield* vcpu.kick());"),
    dropped("return `${vcpu.kick()}`;", "return `${yield* vcpu.kick()}`;"),
    dropped("const task = vcpu.kick(); if (task) return 1;", "const task = vcpu.kick(); if (yield* task) return 1;"),
    dropped("return vcpu.kick();", "return yield* vcpu.kick();"),
    { code: inPlain("vcpu.kick(); return 1;"), errors: [{ messageId: "outside" }], output: null },
    { code: inTask("[1].forEach(() => { vcpu.kick(); });"), errors: [{ messageId: "outside" }], output: null },
  ],
});
