// Prints the names that stand in files as code: what is in comments and literals is none.
import { readFileSync } from "node:fs";
import ts from "typescript";

const names = new Set();

function visit(node) {
  if (ts.isIdentifier(node)) names.add(node.text);
  ts.forEachChild(node, visit);
}

for (const file of process.argv.slice(2)) {
  visit(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest));
}
console.log(JSON.stringify([...names]));
