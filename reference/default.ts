/** The reference as an adapter module: what `--adapter reference` names. */
import { reference } from "./adapter";

export default { door: () => reference() };
