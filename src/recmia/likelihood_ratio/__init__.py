"""Attacks that compare a record's likelihood under the target with that under shadow models.

One engine of pure functions: `evidence` reads the shadows once, in chunks, into the moments that
every score is a formula of; `scores` lists the scores by name with what each needs. Formulas and
conventions are those of a public implementation whose recorded scores they reproduce.

It lies beside `recmia.attacks` and not in it: what names an attack at run time can reach every
module there, so that each change here would make all kept results of the studies stale.
"""
