// What the search finds first. A solved copy says all that its chapter says, so it comes after every chapter.
// (`var`, since Sphinx's own script may declare it once more.)
var Scorer = {
  score: ([page, , , , score]) => (page.startsWith("solutions/") ? score - 1000 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
