//! The operations of networks, each at odd sizes.

use super::formulas::{
    attention_case, bilinear_case, concat_case, conv_case, embedding_case, group_norm_case,
    label_case, linear_case, pool_case, upsample_case,
};
use super::maker::{Case, Stands, shape};

/// Sizes are odd on purpose: no tile, workgroup or vector divides them.
pub(crate) fn table(stands: Stands) -> Vec<Case> {
    let none = (false, false);
    vec![
        embedding_case(stands, 32, &[0.0, 1.0, 999.75, 3999.0, 0.25]),
        embedding_case(stands, 33, &[17.5, 250.0]),
        label_case(stands, 5, 36, 3),
        linear_case(stands, 1, 32, 128, true),
        linear_case(stands, 3, 65, 7, false),
        linear_case(stands, 2, 513, 33, true),
        conv_case(stands, shape(2, 3, 7, 5), 5, (3, 1, false), none),
        conv_case(stands, shape(1, 33, 8, 8), 32, (3, 1, false), (true, true)),
        conv_case(stands, shape(3, 17, 9, 7), 13, (3, 2, false), (true, false)),
        conv_case(stands, shape(2, 7, 6, 10), 9, (3, 2, false), (false, true)),
        conv_case(stands, shape(2, 6, 5, 3), 11, (3, 1, true), none),
        conv_case(
            stands,
            shape(2, 70, 5, 13),
            67,
            (1, 1, false),
            (false, true),
        ),
        conv_case(
            stands,
            shape(1, 65, 17, 11),
            130,
            (3, 1, false),
            (false, true),
        ),
        conv_case(stands, shape(2, 1, 1, 1), 1, (3, 1, false), none),
        group_norm_case(stands, shape(2, 32, 3, 5), (false, false), (0.0, 1.5)),
        group_norm_case(stands, shape(3, 96, 7, 3), (true, true), (0.0, 1.5)),
        group_norm_case(stands, shape(1, 64, 17, 19), (true, false), (300.0, 1.5)),
        group_norm_case(stands, shape(2, 32, 1, 1), (false, true), (1.0, 1.5)),
        // ε is as large as the variance.
        group_norm_case(stands, shape(1, 64, 5, 3), (false, false), (0.0, 0.005)),
        attention_case(stands, 2, 1, 32, 3, 5),
        attention_case(stands, 1, 4, 8, 4, 4),
        attention_case(stands, 2, 3, 5, 11, 13),
        attention_case(stands, 1, 1, 260, 2, 3),
        attention_case(stands, 1, 2, 16, 1, 1),
        concat_case(stands, shape(3, 5, 3, 7), 2),
        concat_case(stands, shape(2, 64, 8, 8), 33),
        pool_case(stands, shape(2, 3, 6, 10)),
        upsample_case(stands, shape(3, 5, 3, 7)),
        bilinear_case(stands, shape(2, 3, 4, 4), 8, 8),
        bilinear_case(stands, shape(1, 2, 5, 3), 13, 7),
        bilinear_case(stands, shape(1, 1, 7, 9), 3, 4),
    ]
}
