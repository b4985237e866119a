"""What the released code of the two list papers does, faults included: the reading "as released".

Zhang et al. (CCS 2021) and Wang et al. (KDD 2022, general half) share it. Nothing here is an attack
or a recommender to be used: it is kept apart so that published numbers can be seen to come from it.

    splits        records, not people, are dealt out; people are members by their number
    noise         item vectors that are never trained, and the lists that follow from them
    neural_cf     the one network whose lists are cut in two
    content       the content-based recommender on these records
    world         who is served what, but for what a draw decides
    recipe        every detail, each of which can be changed
    draws         one draw of a recipe: vectors, lists, features
    difference_vectors, perceptron, k_means   the attack and the clusters, slip by slip
    factorisation what the loop of the factorisation would have done, had it run
    keeping       draws trained, scored and kept; study plans them, found makes rows of them
    variants      the recipe with one detail changed
    authors       the files that they released; proofs says what these prove
"""
