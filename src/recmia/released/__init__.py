"""What the released code of the two list papers does, faults included: the reading "as released".

Zhang et al. (CCS 2021) and Wang et al. (KDD 2022, general half) share it. Nothing here is an attack
or a recommender to be used: it is kept apart so that published numbers can be seen to come from it.

    splits        records, not people, are dealt out; people are members by their number
    noise         item vectors that are never trained, and the lists that follow from them
    neural_cf     the one network whose lists are cut in two
    factorisation what the loop of their factorisation would have done, had it run
    difference_vectors, perceptron, k_means   the attack and the clusters, slip by slip
    scenes        one draw of all of this: who is served what, and what the attack sees
    variants      the same with one detail changed
    authors       the files that they released, and what these prove
"""
