// Prints what Ajv, at its strictest, makes of values: [{schema, values}] becomes [[true, false]].
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const ajv = new Ajv2020({ strict: true });
addFormats(ajv, { keywords: true });
// Its formats are those of ASCII; the patterns beside these say the rest.
for (const name of ["iri", "idn-email"]) ajv.addFormat(name, true);
ajv.addKeyword("x-timetracker");

const tables = JSON.parse(readFileSync(0, "utf8"));
const verdicts = tables.map(({ schema, values }) => {
  const validate = ajv.compile(schema);
  return values.map((value) => validate(value));
});
console.log(JSON.stringify(verdicts));
