// Prints what JSON Forms hands to the renderer of each input: {schema, layout, data} in.
import { readFileSync } from "node:fs";
import * as forms from "@jsonforms/core";
import Ajv2020 from "ajv/dist/2020.js";

const { schema, layout, data } = JSON.parse(readFileSync(0, "utf8"));
const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
const core = forms.coreReducer(undefined, forms.Actions.init(data, schema, layout, { ajv }));
const state = { jsonforms: { core } };

// The ranks that its own sets of renderers go by.
const INPUTS = {
  select: forms.isOneOfEnumControl,
  checkboxes: forms.and(
    forms.schemaMatches((field) => forms.hasType(field, "array") && field.uniqueItems),
    forms.schemaSubPathMatches("items", ({ oneOf }) => oneOf.every((each) => "const" in each)),
  ),
  checkbox: forms.isBooleanControl,
  date: forms.isDateControl,
  datetime: forms.isDateTimeControl,
  textarea: forms.isMultiLineControl,
  number: forms.isIntegerControl,
  text: forms.isStringControl,
};

function controls(element) {
  return element.type === "Control" ? [element] : element.elements.flatMap(controls);
}

function shown(uischema) {
  const { label, required, errors, path } = forms.mapStateToControlProps(state, { uischema, schema });
  const context = { rootSchema: schema, config: {} };
  const input = Object.keys(INPUTS).find((name) => INPUTS[name](uischema, schema, context));
  return { path, label, required, errors, input };
}

console.log(JSON.stringify(controls(layout).map(shown)));
